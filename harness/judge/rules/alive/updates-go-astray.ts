import type { TracedStep } from '../../../trace/schema.ts';
import { aliveRule } from './segment.ts';

export const updatesGoAstray = aliveRule(
  {
    id: 'updates-go-astray',
    claim: 'Optimizers and hooks write only the trainer’s own parameters.',
    reads: 'updates and hook calls of variables that are not the trainer’s parameters, or no longer are',
    speaks: 'at the first step',
  },
  ({ resume, control, resumed }) => {
    const stray = (steps: readonly TracedStep[]): number =>
      steps.reduce((sum, step) => sum + step.strayUpdates + step.strayHookCalls, 0);
    if (stray(resumed) <= stray(control)) return undefined;
    const first = resumed.find((step, at) => stray([step]) > stray([control[at]!]))!;
    return {
      step: first.step,
      sentence: `After resume ${resume.index}, updates go to variables that the trainer no longer trains.`,
      expected: `${stray(control)} updates and hook calls outside the trainer’s parameters`,
      seen: `${stray(resumed)}`,
      likelyCause: 'an optimizer or a hook holds the pre-restore parameters, which the restore replaced',
      fix: 'build optimizers and hooks on the restored parameters, or restore into the variables that they hold',
    };
  },
);

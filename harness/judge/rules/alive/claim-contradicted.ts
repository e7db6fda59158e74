import type { TracedStep } from '../../../trace/schema.ts';
import { ofAll } from '../../words.ts';
import { aliveRule } from './segment.ts';

export const claimContradicted = aliveRule(
  {
    id: 'claim-contradicted',
    claim:
      'Where the trainer says that it updated parameters, or did not, the measurements agree, as they do in the control.',
    reads: 'what the trainer says of each step, and which parameters change in it',
    speaks: 'at the first step',
  },
  ({ resume, control, resumed, names }) => {
    const count = (step: TracedStep): number => step.changed.filter(Boolean).length;
    const agrees = (step: TracedStep): boolean => step.claimed.applied === count(step) > 0;
    const contradicted = resumed.filter((step, at) => !agrees(step) && agrees(control[at]!));
    const [first] = contradicted;
    if (first === undefined) return undefined;
    const { applied } = first.claimed;
    return {
      sentence: `After resume ${resume.index} the trainer says at ${ofAll(contradicted.length, resumed.length, 'step')} that it ${applied ? 'updated its parameters, and none' : 'did not update its parameters, and some'} changed.`,
      total: resumed.length,
      subjectCount: contradicted.length,
      step: first.step,
      expected: applied
        ? 'changed parameters at each step that claims an update'
        : 'no change where none is claimed',
      seen: `${count(first)} of ${names.length} parameters changed at step ${first.step}`,
      likelyCause: 'the log reports what the loop asked for, not what happened to the weights',
      fix: 'log a measured quantity, such as the norm of the update',
    };
  },
);

import type { TracedStep } from '../../../trace/schema.ts';
import { ofAll } from '../../words.ts';
import { aliveRule } from './segment.ts';

export const claimContradicted = aliveRule(
  {
    id: 'claim-contradicted',
    claim:
      'Parameters change exactly at the steps at which the trainer reports an update, wherever this holds in the control.',
    reads: 'whether the trainer reports an update for each step, and which parameters change in it',
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
      sentence: `After resume ${resume.index}, the trainer reports ${applied ? 'an update' : 'no update'} at ${ofAll(contradicted.length, resumed.length, 'step')}, but ${applied ? 'no parameter' : 'parameters'} changed.`,
      total: resumed.length,
      subjectCount: contradicted.length,
      step: first.step,
      expected: applied
        ? 'parameters change at each step that reports an update'
        : 'no parameter changes at a step that reports no update',
      seen: `${count(first)} of ${names.length} parameters changed at step ${first.step}`,
      likelyCause: 'the log reports what the loop requested, not what happened to the parameters',
      fix: 'log a measured quantity, such as the update norm',
    };
  },
);

import { totalOf } from '../../columns.ts';
import { figure } from '../../words.ts';
import { aliveRule, isStill, updateL2 } from './segment.ts';

export const silentNoOp = aliveRule(
  {
    id: 'silent-no-op',
    claim: 'At least one parameter moves after the resume if one moves in the control.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  (segment) => {
    const { resume, control, resumed, names, movedInControl } = segment;
    if (!isStill(segment)) return undefined;
    const last = resumed.at(-1)!.claimed.loss;
    return {
      sentence: `After resume ${resume.index}, nothing is trained: none of ${movedInControl.size} parameters moved in ${resumed.length} steps, although the loss was still printed.`,
      subjects: [...movedInControl],
      total: names.length,
      step: control.find((step) => step.changed.some(Boolean))!.step,
      expected: `updates of L2 norm ${figure(totalOf(control, updateL2) / control.length)} per step, as in the control`,
      seen: `${figure(totalOf(resumed, updateL2))} over all steps; the last printed loss is ${figure(last)}`,
      likelyCause:
        'no update reaches the parameters: the hooks or the optimizer hold objects that the resume replaced, the learning rate is 0, or every step is skipped or undone',
      fix: 'check the hook calls and the learning rates inside the updates; attach hooks and optimizers after the restore',
    };
  },
);

import { totalOf } from '../../columns.ts';
import { figure } from '../../words.ts';
import { aliveRule, isStill, updateL2 } from './segment.ts';

export const silentNoOp = aliveRule(
  {
    id: 'silent-no-op',
    claim: 'Something moves after the resume if it does in the control.',
    reads: 'which parameters change in each step',
    speaks: 'at the first update',
  },
  (segment) => {
    const { resume, control, resumed, names, movedInControl } = segment;
    if (!isStill(segment)) return undefined;
    const last = resumed.at(-1)!.claimed.loss;
    return {
      sentence: `After resume ${resume.index} nothing is trained: none of ${movedInControl.size} parameters moved in ${resumed.length} steps, while the loss was still printed.`,
      subjects: [...movedInControl],
      total: names.length,
      step: control.find((step) => step.changed.some(Boolean))!.step,
      expected: `updates of L2 norm ${figure(totalOf(control, updateL2) / control.length)} a step, as in the control`,
      seen: `${figure(totalOf(resumed, updateL2))} in all steps together; the last loss printed is ${figure(last)}`,
      likelyCause:
        'no update reaches the parameters: hooks or optimizer hold something that the resume replaced, or the learning rate is 0',
      fix: 'see the hook calls and the learning rates inside the updates; attach what updates after what is restored',
    };
  },
);

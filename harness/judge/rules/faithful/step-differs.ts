import { shown } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const stepDiffers = firstStep(
  {
    id: 'step-differs',
    claim: 'The trainer’s own step counter is the control’s.',
    reads: 'the trainer’s own count in each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.step === resumed.claimed.step
      ? undefined
      : {
          what: 'the trainer counts other steps',
          expected: shown(control.claimed.step),
          seen: shown(resumed.claimed.step),
        },
  () => 'the counter was not restored, counts another unit, or was restored one off',
  'save the counter after the update that it counts, in the unit in which it is read',
);

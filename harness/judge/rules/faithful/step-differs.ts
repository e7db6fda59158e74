import { shown } from '../../words.ts';
import { firstStep } from './first-step.ts';

export const stepDiffers = firstStep(
  {
    id: 'step-differs',
    claim: 'The trainer’s own step counter equals the control’s.',
    reads: 'the trainer’s own step counter in each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.step === resumed.claimed.step
      ? undefined
      : {
          what: 'the trainer’s step counter differs from the control’s',
          expected: shown(control.claimed.step),
          seen: shown(resumed.claimed.step),
        },
  () => 'the counter was not restored, was restored off by one, or counts a different unit',
  'save the counter after the update that it counts, in the unit that the load expects',
);

import { firstStep } from './first-step.ts';

export const appliedDiffers = firstStep(
  {
    id: 'applied-differs',
    claim: 'Updates are applied and skipped at the same steps as in the control.',
    reads: 'whether the trainer reports an update for each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.applied === resumed.claimed.applied
      ? undefined
      : {
          what: 'applied and skipped updates differ from the control’s',
          expected: control.claimed.applied ? 'an update' : 'no update',
          seen: resumed.claimed.applied ? 'an update' : 'no update',
        },
  () =>
    'the accumulation window is out of phase, the loss scaler skips different steps, or one of the runs has stopped',
  'save and restore the micro-batch count and the loss scale',
);

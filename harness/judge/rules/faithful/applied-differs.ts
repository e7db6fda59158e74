import { firstStep } from './first-step.ts';

export const appliedDiffers = firstStep(
  {
    id: 'applied-differs',
    claim: 'Updates are applied and skipped at the steps at which the control does so.',
    reads: 'whether the trainer says of each step that it applied an update',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.applied === resumed.claimed.applied
      ? undefined
      : {
          what: 'updates are applied at other steps',
          expected: control.claimed.applied ? 'an update' : 'no update',
          seen: resumed.claimed.applied ? 'an update' : 'no update',
        },
  () => 'the accumulation window has another phase, or a loss scaler skips other steps',
  'save and restore the micro-batch count and the loss scale',
);

import { curveRule } from './curve-rule.ts';

export const lossDiffers = curveRule({
  id: 'loss-differs',
  claim: 'Each step’s loss is the control’s.',
  reads: 'the loss of each step',
  speaks: 'at the first step',
  quantity: 'loss',
  noun: 'the loss',
  likelyCause: 'other weights, other data, other noise, or another mode of the model (dropout, statistics)',
});

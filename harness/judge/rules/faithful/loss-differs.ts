import { curveRule } from './curve-rule.ts';

export const lossDiffers = curveRule({
  id: 'loss-differs',
  claim: 'The loss of each step equals the control’s.',
  reads: 'the loss of each step',
  speaks: 'at the first step',
  quantity: 'loss',
  noun: 'the loss',
  likelyCause:
    'the parameters, the data, random numbers, the mode of the model (dropout, running statistics) or something else that the loss reads differs',
});

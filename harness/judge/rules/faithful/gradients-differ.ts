import { curveRule } from './curve-rule.ts';

export const gradientsDiffer = curveRule({
  id: 'gradients-differ',
  claim: 'The norm of each gradient equals the control’s.',
  reads: 'the norm of each gradient in each step',
  speaks: 'at the first step',
  quantity: 'gradientL2',
  noun: 'the gradient norm',
  likelyCause: 'the loss, its scale, the backward pass, or what is accumulated so far differs',
});

import { curveRule } from './curve-rule.ts';

export const gradientsDiffer = curveRule({
  id: 'gradients-differ',
  claim: 'Each gradient’s norm is the control’s.',
  reads: 'the norm of each parameter’s gradient in each step',
  speaks: 'at the first step',
  quantity: 'gradientL2',
  noun: 'a gradient’s norm',
  likelyCause: 'another loss, another scale of it, clipping, or accumulation with another phase',
});

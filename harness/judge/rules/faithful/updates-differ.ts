import { curveRule } from './curve-rule.ts';

export const updatesDiffer = curveRule({
  id: 'updates-differ',
  claim: 'The norm of each update equals the control’s.',
  reads: 'the norm of each parameter’s change in each step',
  speaks: 'at the first update',
  quantity: 'updateL2',
  noun: 'the update norm',
  likelyCause:
    'optimizer slots, step counts, learning rates or weight decay differ, or the update is applied twice or not at all',
});

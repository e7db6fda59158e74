import { curveRule } from './curve-rule.ts';

export const updatesDiffer = curveRule({
  id: 'updates-differ',
  claim: 'Each update’s norm is the control’s.',
  reads: 'the norm of what each step changes of each parameter',
  speaks: 'at the first update',
  quantity: 'updateL2',
  noun: 'an update’s norm',
  likelyCause:
    'optimizer slots, step counts, learning rates or weight decay differ, or the update runs twice or not at all',
});

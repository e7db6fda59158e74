import { curveRule } from './curve-rule.ts';

export const updatesDiffer = curveRule({
  id: 'updates-differ',
  claim: 'The norm of each update equals the control’s.',
  reads: 'the norm of each parameter’s change in each step',
  speaks: 'at the first update',
  quantity: 'updateL2',
  noun: 'the update norm',
  likelyCause:
    'what the update is computed from differs (gradients, optimizer slots, step counts, learning rates, weight decay), it is applied twice or not at all, or the step writes to the parameters otherwise',
});

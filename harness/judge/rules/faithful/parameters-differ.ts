import { curveRule } from './curve-rule.ts';

export const parametersDiffer = curveRule({
  id: 'parameters-differ',
  claim: 'Each parameter’s norm is the control’s.',
  reads: 'the norm of each parameter after each step',
  speaks: 'at the first step',
  quantity: 'l2',
  noun: 'a parameter’s norm',
  likelyCause: 'the updates before it differ',
});

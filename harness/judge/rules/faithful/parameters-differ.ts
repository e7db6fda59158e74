import { curveRule } from './curve-rule.ts';

export const parametersDiffer = curveRule({
  id: 'parameters-differ',
  claim: 'The norm of each parameter equals the control’s.',
  reads: 'the norm of each parameter after each step',
  speaks: 'at the first step',
  quantity: 'l2',
  noun: 'the norm',
  likelyCause: 'an update up to this step differs, or something else has written to the parameters',
});

import { countRule } from './count-rule.ts';
import { updates } from './segment.ts';

export const updateCountsDiffer = countRule(
  {
    id: 'update-counts-differ',
    claim: 'An optimizer writes each parameter as often as in the control.',
    reads: 'how often an optimizer wrote each parameter in each step',
    speaks: 'at the first update',
  },
  'been written by an optimizer',
  updates,
  'the update is applied twice (in a hook and by the loop), or the accumulation window has another length or phase',
  'let one place apply the update, and restore the micro-batch count',
);

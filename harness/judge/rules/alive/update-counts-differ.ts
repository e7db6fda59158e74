import { countRule } from './count-rule.ts';
import { updates } from './segment.ts';

export const updateCountsDiffer = countRule(
  {
    id: 'update-counts-differ',
    claim: 'An optimizer writes each parameter as often as in the control.',
    reads: 'how often an optimizer wrote each parameter in each step',
    speaks: 'at the first update',
  },
  'optimizer updates',
  updates,
  'the update is applied twice (in a hook and by the loop) or skipped, or the accumulation window has a different length or phase',
  'apply the update in one place only, and restore the micro-batch count',
);

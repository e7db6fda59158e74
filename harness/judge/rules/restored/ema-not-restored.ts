import { isAsIn } from '../../compare.ts';
import { tensorRule } from './tensor-rule.ts';

export const emaNotRestored = tensorRule({
  id: 'ema-not-restored',
  kind: 'ema',
  noun: 'EMA',
  claim: 'The EMAs of the weights (EMA) come back.',
  likelyCause: ({ resumed }, found) =>
    found.every(isAsIn(resumed, 'parameter'))
      ? 'they equal the live weights: the EMA was started anew from them'
      : 'the EMA was not saved, or was built after the restore',
  fix: 'save the EMAs and their counter, and restore them after the EMA is built',
});

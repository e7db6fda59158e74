import { isAsIn } from '../../compare.ts';
import { tensorRule } from './tensor-rule.ts';

export const emaNotRestored = tensorRule({
  id: 'ema-not-restored',
  kind: 'ema',
  noun: 'EMA',
  claim: 'Every EMA of the parameters is restored.',
  likelyCause: ({ resumed }, found) =>
    found.every(isAsIn(resumed, 'parameter'))
      ? 'they equal the live parameters: the EMA was started again from them'
      : 'the EMA was not saved, was built after the restore, or was updated by it',
  fix: 'save the EMA and its counter, and restore both after the EMA is built',
});

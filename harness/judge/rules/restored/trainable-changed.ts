import { traitRule } from './trait-rule.ts';

export const trainableChanged = traitRule({
  id: 'trainable-changed',
  claim: 'The same parameters are trainable as at the save.',
  noun: 'trainable flag',
  of: ({ trainable }) => (trainable === undefined ? undefined : trainable ? 'trainable' : 'frozen'),
  likelyCause:
    'the load created new parameters with the default flag, or what freezes parameters runs at a different point, or by a count that is not restored',
  fix: 'set the trainable flags after the load, from the same configuration as at the start of the run',
});

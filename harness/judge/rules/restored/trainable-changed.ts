import { traitRule } from './trait-rule.ts';

export const trainableChanged = traitRule({
  id: 'trainable-changed',
  claim: 'What was trainable still is, and nothing else.',
  noun: 'trainable flag',
  of: ({ trainable }) => (trainable === false ? 'frozen' : 'trainable'),
  likelyCause:
    'loading made new parameters with the default flag, or the code that freezes runs at another point',
  fix: 'set the trainable flags after the load, from the same configuration as at the start',
});

import { isAsIn } from '../../compare.ts';
import { tensorRule } from './tensor-rule.ts';

export const averagesNotRestored = tensorRule({
  id: 'averages-not-restored',
  kind: 'average',
  noun: 'weight average',
  claim: 'The averages of the weights (EMA) come back.',
  cause: ({ resumed }, found) =>
    found.every(isAsIn(resumed, 'parameter'))
      ? 'they equal the live weights: the average was started anew from them'
      : 'the average was not saved, or was built after the restore',
  remedy: 'save the averages and their counter, and restore them after the average is built',
});

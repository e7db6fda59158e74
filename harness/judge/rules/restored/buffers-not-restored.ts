import { tensorRule } from './tensor-rule.ts';

export const buffersNotRestored = tensorRule({
  id: 'buffers-not-restored',
  kind: 'buffer',
  noun: 'buffer',
  claim: 'State outside the parameters, such as running statistics, comes back.',
  likelyCause: () => 'buffers are not among the trainable weights, and only those were saved or loaded',
  fix: 'save and load the whole state of the model, not its trainable weights alone',
});

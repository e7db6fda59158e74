import { tensorRule } from './tensor-rule.ts';

export const buffersNotRestored = tensorRule({
  id: 'buffers-not-restored',
  kind: 'buffer',
  noun: 'buffer',
  claim: 'Every buffer, such as running statistics, is restored.',
  likelyCause: () => 'only the trainable parameters were saved or loaded, and buffers are not among them',
  fix: 'save and load the whole state of the model, not only its trainable parameters',
});

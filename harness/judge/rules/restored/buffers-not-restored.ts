import { tensorRule } from './tensor-rule.ts';

export const buffersNotRestored = tensorRule({
  id: 'buffers-not-restored',
  kind: 'buffer',
  noun: 'buffer',
  claim: 'Every buffer, such as running statistics, is restored.',
  likelyCause: () =>
    'the save or the load left them out, as where only trainable parameters are saved, or something wrote to them after the load',
  fix: 'save and load the whole state of the model, not only its trainable parameters',
});

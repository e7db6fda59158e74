import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { draws } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The restore draws a random number.',
  reports: ['huggingface/transformers#46628'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-changed',
  needs: draws,
  change: (stages) =>
    onceResumed(stages, ({ random }) => {
      for (const stream of random.values()) stream.gaussian(1);
    }),
});

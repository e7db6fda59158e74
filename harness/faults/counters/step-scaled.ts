import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The step count is multiplied by the number of micro-batches per update.',
  reports: ['huggingface/diffusers#3467', 'huggingface/transformers#3026'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-scaled',
  needs: accumulates,
  change: (stages) =>
    onLoad(stages, (saved, { accumulate }) => ({ ...saved, step: saved.step * accumulate })),
});

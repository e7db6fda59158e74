import { defineLoopFault, skip } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'A save in mid-accumulation drops the gradients accumulated so far.',
  reports: ['huggingface/transformers#22143'],
  proofs: ['restored'],
  rule: 'gradients-not-restored',
  cause: 'accumulation-lost',
  needs: accumulates,
  change: (stages) => skip(stages, 'restore gradients'),
});

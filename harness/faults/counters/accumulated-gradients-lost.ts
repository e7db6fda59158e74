import { defineLoopFault, skip } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The gradients accumulated before the save are not restored.',
  reports: ['huggingface/transformers#22143'],
  proofs: ['restored'],
  rule: 'gradients-not-restored',
  cause: 'accumulation-lost',
  needs: accumulates,
  change: (stages) => skip(stages, 'restore gradients'),
});

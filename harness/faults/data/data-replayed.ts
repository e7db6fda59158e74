import { defineLoopFault, skip } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'data-replayed',
  breaks: 'The data loader restarts.',
  reports: ['huggingface/transformers#8874', 'huggingface/accelerate#2823'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-restarted',
  needs: anyLoop,
  change: (stages) => skip(stages, 'restore data'),
});

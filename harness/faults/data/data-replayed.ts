import { defineLoopFault, skip } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The data loader restarts at the first batch.',
  reports: ['huggingface/transformers#8874', 'huggingface/accelerate#2823'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-restarted',
  change: (stages) => skip(stages, 'restore data'),
});

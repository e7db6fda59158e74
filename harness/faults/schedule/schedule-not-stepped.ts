import { defineLoopFault, skipInEachStep } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule no longer advances.',
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-stands-still',
  change: (stages) => skipInEachStep(stages, 'schedule'),
});

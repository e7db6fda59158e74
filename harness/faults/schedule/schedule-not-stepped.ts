import { defineLoopFault, skipInEachStep } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'schedule-not-stepped',
  breaks: 'The schedule no longer advances.',
  reports: [],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-stands-still',
  needs: anyLoop,
  change: (stages) => skipInEachStep(stages, 'schedule'),
});

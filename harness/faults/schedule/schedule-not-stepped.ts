import { anyLoop } from '../needs.ts';
import { defineProgramFault, skipInEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-not-stepped',
  breaks: 'The schedule does not advance any more.',
  reports: [],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-stands-still',
  needs: anyLoop,
  change: (program) => skipInEachStep(program, 'schedule'),
});

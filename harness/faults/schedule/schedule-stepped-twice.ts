import { defineLoopFault, inEachStep } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule advances twice in each step.',
  reports: ['THUDM/slime#1775'],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-runs-fast',
  change: (stages) =>
    inEachStep(stages, 'schedule', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'schedule-stepped-twice',
  breaks: 'The schedule advances twice in each step.',
  reports: ['THUDM/slime#1775'],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-runs-fast',
  needs: anyLoop,
  change: (stages) =>
    inEachStep(stages, 'schedule', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

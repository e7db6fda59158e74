import { anyLoop } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-stepped-twice',
  breaks: 'The schedule advances twice in each step.',
  reports: ['THUDM/slime#1775'],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'final-counters-differ'],
  cause: 'schedule-runs-fast',
  needs: anyLoop,
  change: (program) =>
    inEachStep(program, 'schedule', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

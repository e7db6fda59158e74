import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isUnfused } from '../needs.ts';

export default defineLoopFault({
  id: 'update-twice',
  breaks: 'The update is applied twice in each step.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: 'update-counts-differ',
  cause: 'update-doubled',
  needs: isUnfused,
  change: (stages) =>
    inEachStep(stages, 'update', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

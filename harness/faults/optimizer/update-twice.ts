import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isUnfused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The update is applied twice in each step.',
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

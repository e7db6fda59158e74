import { isUnfused } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'update-twice',
  breaks: 'The update is applied twice in each step.',
  reports: [],
  proofs: ['alive', 'faithful'],
  rule: 'update-counts-differ',
  cause: 'update-doubled',
  needs: isUnfused,
  change: (program) =>
    inEachStep(program, 'update', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

import { hasAverage } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'ema-updated-twice',
  breaks: 'The average is updated twice in each step.',
  reports: [],
  proofs: ['faithful'],
  rule: ['final-averages-differ'],
  cause: 'average-updated-otherwise',
  needs: hasAverage,
  change: (program) =>
    inEachStep(program, 'average', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

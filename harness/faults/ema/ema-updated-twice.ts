import { hasEma } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'ema-updated-twice',
  breaks: 'The EMA is updated twice in each step.',
  reports: [],
  proofs: ['faithful'],
  rule: ['final-ema-differs'],
  cause: 'ema-update-differs',
  needs: hasEma,
  change: (program) =>
    inEachStep(program, 'ema', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasEma } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is updated twice in each step.',
  proofs: ['faithful'],
  rule: ['final-ema-differs'],
  cause: 'ema-update-differs',
  needs: hasEma,
  change: (stages) =>
    inEachStep(stages, 'ema', async (parts, original) => {
      await original(parts);
      await original(parts);
    }),
});

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The loss is not divided by the number of micro-batches.',
  proofs: ['faithful'],
  rule: 'gradients-differ',
  cause: 'gradient-scaled',
  needs: accumulates,
  change: (stages) =>
    inEachStep(stages, 'backward', async (parts, original) => {
      const { accumulate } = parts;
      parts.accumulate = 1;
      await original(parts);
      parts.accumulate = accumulate;
    }),
});

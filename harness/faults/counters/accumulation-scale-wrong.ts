import { accumulates } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'accumulation-scale-wrong',
  breaks: 'The loss is not divided by the count of micro-batches.',
  reports: [],
  proofs: ['faithful'],
  rule: 'gradients-differ',
  cause: 'gradient-scaled',
  needs: accumulates,
  change: (program) =>
    inEachStep(program, 'backward', async (parts, original) => {
      const { accumulate } = parts;
      parts.accumulate = 1;
      await original(parts);
      parts.accumulate = accumulate;
    }),
});

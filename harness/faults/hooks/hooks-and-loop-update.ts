import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The hooks make the update, and the loop makes it again.',
  reports: ['deepspeedai/DeepSpeed#5605'],
  proofs: ['alive', 'faithful'],
  rule: 'update-counts-differ',
  cause: 'update-doubled',
  needs: isFused,
  change: (stages) =>
    inEachStep(stages, 'backward', async (parts, original) => {
      const { gradients, driven } = parts;
      const drop = gradients.drop.bind(gradients);
      // The hooks keep the gradients, so that the loop can use them again.
      gradients.drop = () => {};
      await original(parts);
      gradients.drop = drop;
      for (const { optimizer } of driven) optimizer.step(gradients);
      drop();
    }),
});

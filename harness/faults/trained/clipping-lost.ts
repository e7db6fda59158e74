import { defineLoopFault, inResume } from '../loop-fault.ts';
import { clips } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Gradients are no longer clipped.',
  proofs: ['faithful'],
  rule: 'applied-gradients-differ',
  cause: 'clipping-lost',
  needs: clips,
  change: (stages) =>
    inResume(stages, 'hooks', (parts, original) => {
      parts.recipe = { ...parts.recipe, maxGradNorm: undefined };
      return original(parts);
    }),
});

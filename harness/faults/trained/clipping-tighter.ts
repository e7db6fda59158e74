import { defineLoopFault, inResume } from '../loop-fault.ts';
import { clips } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Gradients are clipped to a tenth of the maximum norm.',
  proofs: ['faithful'],
  rule: 'applied-gradients-differ',
  cause: 'clipping-changed',
  needs: clips,
  change: (stages) =>
    inResume(stages, 'hooks', (parts, original) => {
      parts.recipe = { ...parts.recipe, maxGradNorm: parts.recipe.maxGradNorm! / 10 };
      return original(parts);
    }),
});

import { clips } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'clipping-tighter',
  breaks: 'Gradients are clipped to a tenth of the norm.',
  reports: [],
  proofs: ['faithful'],
  rule: 'applied-gradients-differ',
  cause: 'clipping-changed',
  needs: clips,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      parts.recipe = { ...parts.recipe, maxGradNorm: parts.recipe.maxGradNorm! / 10 };
      return original(parts);
    }),
});

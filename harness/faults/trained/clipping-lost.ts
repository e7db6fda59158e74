import { clips } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'clipping-lost',
  breaks: 'Gradients are not clipped any more.',
  reports: [],
  proofs: ['faithful'],
  rule: 'applied-gradients-differ',
  cause: 'clipping-lost',
  needs: clips,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      parts.recipe = { ...parts.recipe, maxGradNorm: undefined };
      return original(parts);
    }),
});

import { hasFrozen } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'base-unfrozen',
  breaks: 'What was frozen trains, too.',
  reports: ['Blaizzy/mlx-vlm#2178'],
  proofs: ['restored'],
  rule: 'trainable-changed',
  cause: 'trainable-extra',
  needs: hasFrozen,
  change: (program) =>
    inResume(program, 'freeze', ({ parameters }) => {
      for (const { variable } of parameters) variable.trainable = true;
    }),
});

import { defineLoopFault, inResume } from '../loop-fault.ts';
import { hasFrozen } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Frozen parameters are trainable after the resume.',
  reports: ['Blaizzy/mlx-vlm#2178'],
  proofs: ['restored'],
  rule: 'trainable-changed',
  cause: 'trainable-extra',
  needs: hasFrozen,
  change: (stages) =>
    inResume(stages, 'freeze', ({ parameters }) => {
      for (const { variable } of parameters) variable.trainable = true;
    }),
});

import { defineLoopFault, inResume } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume registers the hooks a second time.',
  proofs: ['alive'],
  rule: 'hook-counts-differ',
  cause: 'hooks-doubled',
  needs: isFused,
  change: (stages) =>
    inResume(stages, 'hooks', (parts, original) => {
      original(parts);
      return original(parts);
    }),
});

import { defineLoopFault, inResume } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  id: 'hooks-twice',
  breaks: 'Hooks are registered a second time by the resume.',
  reports: [],
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

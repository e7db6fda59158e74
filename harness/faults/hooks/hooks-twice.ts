import { isFused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-twice',
  breaks: 'Hooks are registered a second time by the resume.',
  reports: [],
  proofs: ['alive'],
  rule: 'hook-counts-differ',
  cause: 'hooks-doubled',
  needs: isFused,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      original(parts);
      return original(parts);
    }),
});

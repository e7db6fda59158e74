import { hookingOtherwise } from '../live.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-one-missing',
  breaks: 'All parameters but one are hooked again.',
  reports: [],
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-missing',
  needs: isFused,
  change: (program) =>
    hookingOtherwise(program, (parameters) => {
      const last = parameters.at(-1)?.variable;
      return (variable) => (variable === last ? 0 : 1);
    }),
});

import { hookingOtherwise } from '../live.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-twice-on-one',
  breaks: 'The hook of one parameter is registered twice.',
  reports: [],
  proofs: ['alive'],
  rule: 'hook-counts-differ',
  cause: 'hooks-doubled',
  needs: isFused,
  change: (program) =>
    hookingOtherwise(program, (parameters) => {
      const first = parameters[0]?.variable;
      return (variable) => (variable === first ? 2 : 1);
    }),
});

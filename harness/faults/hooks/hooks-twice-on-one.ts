import { registerHooks } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The hook of one parameter is registered twice.',
  proofs: ['alive'],
  rule: 'hook-counts-differ',
  cause: 'hooks-doubled',
  needs: isFused,
  change: (stages) =>
    registerHooks(stages, (parameters) => {
      const first = parameters[0]?.variable;
      return (variable) => (variable === first ? 2 : 1);
    }),
});

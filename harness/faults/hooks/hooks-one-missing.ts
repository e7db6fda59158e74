import { registerHooks } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume registers the hooks of all parameters but one.',
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-missing',
  needs: isFused,
  change: (stages) =>
    registerHooks(stages, (parameters) => {
      const last = parameters.at(-1)?.variable;
      return (variable) => (variable === last ? 0 : 1);
    }),
});

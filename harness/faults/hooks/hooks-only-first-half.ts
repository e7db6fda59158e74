import { registerHooks } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume registers the hooks of only the first half of the parameters.',
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-missing',
  needs: isFused,
  change: (stages) =>
    registerHooks(stages, (parameters) => {
      const hooked = new Set(parameters.slice(0, parameters.length / 2).map(({ variable }) => variable));
      return (variable) => (hooked.has(variable) ? 1 : 0);
    }),
});

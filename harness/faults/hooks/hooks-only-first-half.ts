import { owners } from '../../loop/parts.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-only-first-half',
  breaks: 'Only the first half of the parameters is hooked again.',
  reports: [],
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-missing',
  needs: isFused,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      const { gradients, parameters } = parts;
      const register = gradients.onAccumulated.bind(gradients);
      const own = owners(parameters);
      const hooked = new Set(own.slice(0, own.length / 2).map(({ variable }) => variable));
      gradients.onAccumulated = (variable, hook) =>
        hooked.has(variable) ? register(variable, hook) : () => {};
      original(parts);
      gradients.onAccumulated = register;
    }),
});

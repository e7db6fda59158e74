import { owners } from '../../loop/parts.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-one-missing',
  breaks: 'All parameters but one are hooked again.',
  reports: [],
  proofs: ['alive'],
  rule: 'hooks-silent',
  cause: 'hooks-missing',
  needs: isFused,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      const { gradients, parameters } = parts;
      const register = gradients.onAccumulated.bind(gradients);
      const last = owners(parameters).at(-1)?.variable;
      gradients.onAccumulated = (variable, hook) => (variable === last ? () => {} : register(variable, hook));
      original(parts);
      gradients.onAccumulated = register;
    }),
});

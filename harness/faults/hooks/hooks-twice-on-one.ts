import { owners } from '../../loop/parts.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault, inResume } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-twice-on-one',
  breaks: 'The hook of one parameter is registered twice.',
  reports: [],
  proofs: ['alive'],
  rule: 'hook-counts-differ',
  cause: 'hooks-doubled',
  needs: isFused,
  change: (program) =>
    inResume(program, 'hooks', (parts, original) => {
      const { gradients, parameters } = parts;
      const register = gradients.onAccumulated.bind(gradients);
      const first = owners(parameters)[0]?.variable;
      gradients.onAccumulated = (variable, hook) => {
        if (variable === first) register(variable, hook);
        return register(variable, hook);
      };
      original(parts);
      gradients.onAccumulated = register;
    }),
});

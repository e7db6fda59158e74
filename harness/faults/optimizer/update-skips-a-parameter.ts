import { owners } from '../../loop/parts.ts';
import { isUnfused } from '../needs.ts';
import { defineProgramFault, inEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'update-skips-a-parameter',
  breaks: 'The update leaves one parameter out.',
  reports: [],
  proofs: ['alive'],
  rule: ['stalled-parameters', 'update-counts-differ'],
  cause: 'update-lost',
  needs: isUnfused,
  change: (program) =>
    inEachStep(program, 'update', (parts, original) => {
      const [first] = owners(parts.parameters).filter(({ variable }) => parts.gradients.of(variable));
      if (first !== undefined) parts.gradients.drop(first.variable);
      return original(parts);
    }),
});

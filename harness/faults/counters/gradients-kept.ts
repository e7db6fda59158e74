import { isUnfused } from '../needs.ts';
import { defineProgramFault, skipInEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'gradients-kept',
  breaks: 'Gradients are not dropped after an update, so that they pile up.',
  reports: [],
  proofs: ['faithful'],
  rule: ['gradients-differ', 'update-counts-differ'],
  cause: ['gradients-kept', 'update-doubled'],
  needs: isUnfused,
  change: (program) => skipInEachStep(program, 'drop gradients'),
});

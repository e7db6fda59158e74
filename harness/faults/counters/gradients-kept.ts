import { defineLoopFault, skipInEachStep } from '../loop-fault.ts';
import { isUnfused } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Gradients are not dropped after an update, so they add up.',
  proofs: ['faithful'],
  rule: ['gradients-differ', 'update-counts-differ'],
  cause: ['gradients-kept', 'update-doubled'],
  needs: isUnfused,
  change: (stages) => skipInEachStep(stages, 'drop gradients'),
});

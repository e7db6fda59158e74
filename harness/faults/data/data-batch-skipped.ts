import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'data-batch-skipped',
  breaks: 'One batch is skipped.',
  reports: ['allenai/open-instruct#52'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-skipped',
  needs: anyLoop,
  change: (stages) =>
    onceResumed(stages, ({ loader, recipe }) => {
      loader.next(recipe.batch);
    }),
});

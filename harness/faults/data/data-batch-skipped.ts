import { defineLoopFault, onceResumed } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'One batch is skipped.',
  reports: ['allenai/open-instruct#52'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-skipped',
  change: (stages) =>
    onceResumed(stages, ({ loader, recipe }) => {
      loader.next(recipe.batch);
    }),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'data-batch-skipped',
  breaks: 'One batch is never seen.',
  reports: ['allenai/open-instruct#52'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-skipped',
  needs: anyLoop,
  change: (program) =>
    onceResumed(program, ({ loader, recipe }) => {
      loader.next(recipe.batch);
    }),
});

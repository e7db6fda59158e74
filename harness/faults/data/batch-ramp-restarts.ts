import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { need } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The first two batches after the resume are half as large, as at the start of a batch-size ramp.',
  reports: ['AI-Hypercomputer/maxtext#2656'],
  proofs: ['faithful'],
  rule: 'batches-differ',
  cause: 'batch-size-differs',
  needs: need('trains on single examples', ({ recipe }) => recipe.batch > 1),
  change(stages) {
    let steps = 0;
    inEachStep(stages, 'batch', ({ loader, recipe, now }) => {
      now.examples = loader.next(steps < 2 ? Math.floor(recipe.batch / 2) : recipe.batch);
      steps += 1;
    });
  },
});

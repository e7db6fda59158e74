/**
 * Diagnosis: everything is restored, but in the resumed run the average (EMA) is updated before the optimizer
 * instead of after it: it takes each time the weights of before the step, and is one update behind.
 */
import { owners } from '../../loop/parts.ts';
import { hasAverage, hasScaler } from '../needs.ts';
import { defineProgramFault, inEachStep, skipInEachStep } from '../program.ts';

export default defineProgramFault({
  id: 'average-before-update',
  breaks:
    'A resumed run registers its EMA callback ahead of the optimizer: it averages the weights of before each step.',
  reports: [],
  proofs: ['faithful'],
  rule: ['final-averages-differ', 'averages-do-not-advance'],
  cause: ['average-updated-otherwise', 'average-stalls'],
  // With a loss scale it is not known this early whether the update will be skipped.
  needs: (parts) => hasAverage(parts) && !hasScaler(parts),
  change(program) {
    inEachStep(program, 'count', async (parts, original) => {
      await original(parts);
      const { average, views, now } = parts;
      if (average === undefined || !now.due) return;
      average.update(owners(views.average()).filter(({ name }) => average.tensors.has(name)));
    });
    skipInEachStep(program, 'average');
  },
});

/**
 * The restore is correct, but the resumed run updates the EMA before the optimizer instead of after it. The EMA always
 * uses the weights from before the step, so it is one update behind.
 */
import { owners } from '../../loop/parts.ts';
import { defineLoopFault, inEachStep, skipInEachStep } from '../loop-fault.ts';
import { hasEma, hasNoScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The EMA is updated before the optimizer steps, so it uses the old weights.',
  proofs: ['faithful'],
  rule: ['final-ema-differs', 'ema-does-not-advance'],
  cause: ['ema-update-differs', 'ema-stalls'],
  // With loss scaling, it is not yet known at this stage whether the update is skipped.
  needs: [hasEma, hasNoScaler],
  change(stages) {
    inEachStep(stages, 'count', async (parts, original) => {
      await original(parts);
      const { ema, views, now } = parts;
      if (ema === undefined || !now.due) return;
      ema.update(owners(views.ema()).filter(({ name }) => ema.tensors.has(name)));
    });
    skipInEachStep(stages, 'ema');
  },
});

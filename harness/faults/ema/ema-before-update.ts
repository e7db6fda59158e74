/**
 * Diagnosis: everything is restored, but in the resumed run the EMA is updated before the optimizer
 * instead of after it: it always uses the weights before the step, so it is one update behind.
 */
import { owners } from '../../loop/parts.ts';
import { defineLoopFault, inEachStep, skipInEachStep } from '../loop-fault.ts';
import { hasEma, hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'A resumed run registers its EMA callback before the optimizer: the EMA uses the weights before each step.',
  proofs: ['faithful'],
  rule: ['final-ema-differs', 'ema-does-not-advance'],
  cause: ['ema-update-differs', 'ema-stalls'],
  // With a loss scale, it is not known this early whether the update is skipped.
  needs: (parts) => hasEma(parts) && !hasScaler(parts),
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

/**
 * Diagnosis: the first update that is due after a resume is skipped as if its gradients had overflowed (the flag
 * starts as set), though none did and the loss scale goes on growing; from then on weights, schedule, EMA and
 * update count are one update behind the control.
 */

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The overflow flag is set when a run resumes, so its first update is skipped.',
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'update-skipped',
  needs: hasScaler,
  change(stages) {
    let foundInfinity = true;
    inEachStep(stages, 'unscale', async (parts, original) => {
      await original(parts);
      if (!parts.now.due || !foundInfinity) return;
      // The scaler got the correct answer, so its scale stays.
      parts.now.overflowed = true;
      foundInfinity = false;
    });
  },
});

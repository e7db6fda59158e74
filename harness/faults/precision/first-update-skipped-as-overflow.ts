/**
 * The overflow flag is set when the run resumes. The first update after the resume is skipped, although no gradient
 * overflowed and the loss scale keeps growing. From then on, the weights, the schedule, the EMA and the update count are
 * one update behind the control.
 */

import { defineLoopFault, inEachStep } from '../loop-fault.ts';
import { hasScaler } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The overflow flag is set at the resume, so the first update is skipped.',
  proofs: ['faithful'],
  rule: 'applied-differs',
  cause: 'update-skipped',
  needs: hasScaler,
  change(stages) {
    let foundInfinity = true;
    inEachStep(stages, 'unscale', async (parts, original) => {
      await original(parts);
      if (!parts.now.due || !foundInfinity) return;
      // The scaler already knows that nothing overflowed, so its scale is not affected.
      parts.now.overflowed = true;
      foundInfinity = false;
    });
  },
});

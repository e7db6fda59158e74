/**
 * Diagnosis: in the resumed run the counts of the fused optimizer groups are reset in every second step only (as
 * for a window of two micro-batches); in the steps between, all hooks fire but no group is ever full again, so that
 * nothing is updated while schedule, EMA and counters go on.
 */

import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { isFusedInGroups } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'After a resume the counts of the fused groups are reset only every second step; no group steps in between.',
  proofs: ['faithful'],
  rule: ['update-counts-differ', 'stalled-parameters'],
  cause: 'group-counted-wrong',
  needs: isFusedInGroups,
  change(stages) {
    onceResumed(stages, (parts) => {
      const { fusedGroups } = parts;
      if (fusedGroups === undefined) return;
      const resetCounts = (): void => {
        if (parts.step % 2 === 1) fusedGroups.resetCounts();
      };
      parts.fusedGroups = { ...fusedGroups, resetCounts };
    });
  },
});

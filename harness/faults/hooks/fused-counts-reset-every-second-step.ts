/**
 * The counts of the fused optimizer groups are reset only every second step, as for a window of two micro-batches. In
 * the other steps, all hooks fire, but no group is full. Nothing is updated then, while the schedule, the EMA and the
 * counters advance.
 */

import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { isFusedInGroups } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The counts of the fused groups are reset only every second step, so no group steps in between.',
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

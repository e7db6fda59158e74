import { defineLoopFault, onceResumed } from '../loop-fault.ts';
import { isFusedInGroups } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The counts of the fused groups are not reset, so each group steps once and never again.',
  proofs: ['alive'],
  rule: ['update-counts-differ', 'stalled-parameters'],
  cause: 'group-counted-wrong',
  needs: isFusedInGroups,
  change: (stages) =>
    onceResumed(stages, (parts) => {
      let begun = false;
      const reset = parts.fusedGroups!.resetCounts;
      parts.fusedGroups!.resetCounts = () => {
        if (!begun) reset();
        begun = true;
      };
    }),
});

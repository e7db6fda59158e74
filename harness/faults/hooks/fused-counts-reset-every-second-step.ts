/**
 * Diagnosis: in the resumed run the counts of the fused optimizer groups are reset in every second step only (as
 * for a window of two micro-batches); in the steps between, all hooks fire but no group is ever full again, so that
 * nothing is updated while schedule, EMA and counters go on.
 */
import { isFusedInGroups } from '../needs.ts';
import { defineProgramFault, onceResumed } from '../program.ts';

export default defineProgramFault({
  id: 'fused-counts-reset-every-second-step',
  breaks: 'After a resume the fused groups count on over two steps, and no group is stepped in the second.',
  reports: [],
  proofs: ['faithful'],
  rule: ['update-counts-differ', 'stalled-parameters'],
  cause: 'group-counted-wrong',
  needs: isFusedInGroups,
  change(program) {
    onceResumed(program, (parts) => {
      const { fusedGroups } = parts;
      if (fusedGroups === undefined) return;
      const resetCounts = (): void => {
        if (parts.step % 2 === 1) fusedGroups.resetCounts();
      };
      parts.fusedGroups = { ...fusedGroups, resetCounts };
    });
  },
});

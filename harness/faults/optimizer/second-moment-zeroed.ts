import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'second-moment-zeroed',
  breaks: 'Of two slots the second comes back as zeros.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  // The last kind of a mixed-precision optimizer are its master weights.
  cause: ['slot-kind-lost', 'master-weights-stale'],
  needs: anyLoop,
  change: (stages) => zeroSlotKind(stages, -1),
});

import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'second-moment-zeroed',
  breaks: 'The second of two slots comes back as zeros.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  // In a mixed-precision optimizer, the last kind holds the master weights.
  cause: ['slot-kind-lost', 'master-weights-stale'],
  needs: anyLoop,
  change: (stages) => zeroSlotKind(stages, -1),
});

import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'first-moment-zeroed',
  breaks: 'The first of two slots comes back as zeros.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slot-kind-lost',
  needs: anyLoop,
  change: (stages) => zeroSlotKind(stages, 0),
});

import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The first of two slots comes back as zeros.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slot-kind-lost',
  change: (stages) => zeroSlotKind(stages, 0),
});

import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The second of two kinds of slots is restored as zeros.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  // In a mixed-precision optimizer, the last kind holds the master weights.
  cause: ['slot-kind-lost', 'master-weights-stale'],
  change: (stages) => zeroSlotKind(stages, -1),
});

import { zeroSlotKind } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The first of two kinds of slots is restored as zeros.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slot-kind-lost',
  change: (stages) => zeroSlotKind(stages, 0),
});

import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasSquare } from '../needs.ts';
import { isSquare, mapped, transposed } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The slots of square matrices are restored transposed.',
  reports: ['facebookresearch/fairscale#601'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-reordered',
  needs: hasSquare,
  change: (stages) =>
    onSlots(stages, (slots) => mapped(slots, (slot) => (isSquare(slot) ? transposed(slot) : slot))),
});

import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { rotated } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The first and second moments are swapped.',
  reports: ['facebookresearch/schedule_free#32'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-permuted',
  change: (stages) => onSlots(stages, (slots) => rotated(slots, ownerOf)),
});

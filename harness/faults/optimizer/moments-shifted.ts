import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasTwins } from '../needs.ts';
import { rotated } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'Slots are matched by position and shifted by one among parameters of the same shape.',
  reports: ['wochenlong/lora-scripts-next#320', 'roytseng-tw/Detectron.pytorch#118', 'pytorch/pytorch#1489'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-permuted',
  needs: hasTwins,
  change: (stages) => onSlots(stages, (slots) => rotated(slots, (name) => name.slice(ownerOf(name).length))),
});

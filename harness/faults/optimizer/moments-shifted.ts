import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { hasTwins } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { rotated } from '../tensors.ts';

export default defineProgramFault({
  id: 'moments-shifted',
  breaks: 'Slots are mapped back by position and are one off among parameters of the same shape.',
  reports: ['wochenlong/lora-scripts-next#320', 'roytseng-tw/Detectron.pytorch#118', 'pytorch/pytorch#1489'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-permuted',
  needs: hasTwins,
  change: (program) =>
    onSlots(program, (slots) => rotated(slots, (name) => name.slice(ownerOf(name).length))),
});

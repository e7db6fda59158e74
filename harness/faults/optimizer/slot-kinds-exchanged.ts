import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { rotated } from '../tensors.ts';

export default defineProgramFault({
  id: 'slot-kinds-exchanged',
  breaks: 'First and second moments are exchanged.',
  reports: ['facebookresearch/schedule_free#32'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-permuted',
  needs: anyLoop,
  change: (program) => onSlots(program, (slots) => rotated(slots, ownerOf)),
});

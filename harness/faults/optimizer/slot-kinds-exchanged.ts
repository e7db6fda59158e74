import { ownerOf } from '../../loop/saved.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { rotated } from '../tensors.ts';

export default defineProgramFault({
  id: 'slot-kinds-exchanged',
  breaks: 'First and second moments are exchanged.',
  reports: ['facebookresearch/schedule_free#32'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-permuted',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      tensors: { ...saved.tensors, optimizer: rotated(saved.tensors.optimizer, ownerOf) },
    })),
});

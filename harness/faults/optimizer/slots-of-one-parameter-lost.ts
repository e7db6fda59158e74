import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'slots-of-one-parameter-lost',
  breaks: 'The slots of a single parameter are left out.',
  reports: ['wochenlong/lora-scripts-next#320'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-partly-lost',
  needs: anyLoop,
  change: (program) =>
    onSlots(program, (slots) => {
      const [first] = [...slots.keys()].map(ownerOf);
      return kept(slots, (name) => ownerOf(name) !== first);
    }),
});

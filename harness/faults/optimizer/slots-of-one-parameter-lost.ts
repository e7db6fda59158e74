import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { trainsSeveral } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The slots of a single parameter are not restored.',
  reports: ['wochenlong/lora-scripts-next#320'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-partly-lost',
  needs: trainsSeveral,
  change: (stages) =>
    onSlots(stages, (slots) => {
      const [first] = [...slots.keys()].map(ownerOf);
      return kept(slots, (name) => ownerOf(name) !== first);
    }),
});

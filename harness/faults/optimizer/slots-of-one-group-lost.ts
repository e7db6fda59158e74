import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasSeveralGroups } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The slots of one parameter group are not restored.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-partly-lost',
  needs: hasSeveralGroups,
  change: (stages) =>
    onSlots(stages, (slots, { optimizers }) => {
      const groups = Object.values(optimizers).flatMap(({ groups }) => groups);
      const lost = new Set(groups.at(-1)?.parameters);
      return kept(slots, (name) => !lost.has(ownerOf(name)));
    }),
});

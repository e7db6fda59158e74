import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasTwins } from '../needs.ts';
import { copiedOver } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'A parameter gets the slots of another one of the same shape, which keeps its own.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-copied',
  needs: hasTwins,
  change: (stages) =>
    onSlots(stages, (slots) => copiedOver(slots, (name) => name.slice(ownerOf(name).length))),
});

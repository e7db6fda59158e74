import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'Slots are saved in bfloat16.',
  reports: ['TeamOpenTau/OpenTau#184'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'slots-rounded',
  change: (stages) => onSlots(stages, (slots) => mapped(slots, inHalf)),
});

import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { mapped, zeros } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s slots are created again after the load, as zeros.',
  reports: ['keras-team/keras#16833', 'OpenNMT/OpenNMT-py#617'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-zeroed',
  change: (stages) => onSlots(stages, (slots) => mapped(slots, zeros)),
});

import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';
import { mapped, zeros } from '../tensors.ts';

export default defineLoopFault({
  id: 'moments-zeroed',
  breaks: 'The optimizer’s slots are created again after the load, as zeros.',
  reports: ['keras-team/keras#16833', 'OpenNMT/OpenNMT-py#617'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-zeroed',
  needs: anyLoop,
  change: (stages) => onSlots(stages, (slots) => mapped(slots, zeros)),
});

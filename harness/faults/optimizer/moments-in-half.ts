import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineProgramFault({
  id: 'moments-in-half',
  breaks: 'Slots are saved in bfloat16.',
  reports: ['TeamOpenTau/OpenTau#184'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'slots-rounded',
  needs: anyLoop,
  change: (program) => onSlots(program, (slots) => mapped(slots, inHalf)),
});

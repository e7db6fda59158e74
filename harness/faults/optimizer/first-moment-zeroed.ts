import { zeroSlotKind } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'first-moment-zeroed',
  breaks: 'Of two slots the first comes back as zeros.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slot-kind-lost',
  needs: anyLoop,
  change: (program) => zeroSlotKind(program, 0),
});

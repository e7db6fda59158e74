import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'moments-lost',
  breaks: 'The optimizer’s slots are not loaded; its step counts are.',
  reports: ['instadeepai/Mava#472', 'CSAILVision/places365#78', 'NM512/dreamerv3-torch#38'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-missing',
  needs: anyLoop,
  change: (program) => onSlots(program, () => new Map()),
});

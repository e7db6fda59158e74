import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'moments-lost',
  breaks: 'The optimizer’s step counts are loaded, but not its slots.',
  reports: ['instadeepai/Mava#472', 'CSAILVision/places365#78', 'NM512/dreamerv3-torch#38'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-missing',
  needs: anyLoop,
  change: (stages) => onSlots(stages, () => new Map()),
});

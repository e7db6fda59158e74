import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s step counts are loaded, but not its slots.',
  reports: ['instadeepai/Mava#472', 'CSAILVision/places365#78', 'NM512/dreamerv3-torch#38'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-missing',
  change: (stages) => onSlots(stages, () => new Map()),
});

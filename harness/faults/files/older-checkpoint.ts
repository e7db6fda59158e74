import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  id: 'older-checkpoint',
  breaks: 'The resume loads the checkpoint before the latest one.',
  reports: [],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'counters-not-restored'],
  cause: 'older-checkpoint',
  needs: resumesTwice,
  change: (stages) => keepOlder(stages, (_checkpoint, older) => older),
});

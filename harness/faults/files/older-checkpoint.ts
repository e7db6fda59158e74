import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume loads the checkpoint before the latest one.',
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'counters-not-restored'],
  cause: 'older-checkpoint',
  needs: resumesTwice,
  change: (stages) => keepOlder(stages, (_checkpoint, older) => older),
});

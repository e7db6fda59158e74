import { keepOlder } from '../live.ts';
import { resumesTwice } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'older-checkpoint',
  breaks: 'The latest checkpoint is passed over, the one before is loaded.',
  reports: [],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'counters-not-restored'],
  cause: 'older-checkpoint',
  needs: resumesTwice,
  change: (program) => keepOlder(program, (_checkpoint, older) => older),
});

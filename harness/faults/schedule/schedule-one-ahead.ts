import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-one-ahead',
  breaks: 'The scheduler steps once while it is restored.',
  reports: ['THUDM/slime#1547'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: anyLoop,
  change: (program) => onSchedules(program, (state) => ({ ...state, lastEpoch: state.lastEpoch + 1 })),
});

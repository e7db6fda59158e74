import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'schedule-one-ahead',
  breaks: 'The scheduler steps once while it is restored.',
  reports: ['THUDM/slime#1547'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: anyLoop,
  change: (stages) => onSchedules(stages, (state) => ({ ...state, lastEpoch: state.lastEpoch + 1 })),
});

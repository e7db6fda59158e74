import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The scheduler steps once while it is restored.',
  reports: ['THUDM/slime#1547'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  change: (stages) => onSchedules(stages, (state) => ({ ...state, lastEpoch: state.lastEpoch + 1 })),
});

import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The checkpoint is written before the scheduler’s step.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['schedule-shifted', 'schedule-restarted'],
  change: (stages) =>
    onSchedules(stages, (state) => ({ ...state, lastEpoch: Math.max(0, state.lastEpoch - 1) })),
});

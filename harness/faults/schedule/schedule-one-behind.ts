import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-one-behind',
  breaks: 'The checkpoint is written before the scheduler’s step.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['schedule-shifted', 'schedule-restarted'],
  needs: anyLoop,
  change: (program) =>
    onSchedules(program, (state) => ({ ...state, lastEpoch: Math.max(0, state.lastEpoch - 1) })),
});

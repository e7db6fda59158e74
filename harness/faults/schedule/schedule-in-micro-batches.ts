import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The schedule is advanced by micro-batches although it counts updates.',
  reports: ['vllm-project/speculators#900'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: accumulates,
  change: (stages) => onSchedules(stages, (state, { step }) => ({ ...state, lastEpoch: step })),
});

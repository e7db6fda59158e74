import { onSchedules } from '../edits.ts';
import { accumulates } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-in-micro-batches',
  breaks: 'The schedule is put forward by micro-batches where it counts updates.',
  reports: ['vllm-project/speculators#900'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: accumulates,
  change: (program) => onSchedules(program, (state, { step }) => ({ ...state, lastEpoch: step })),
});

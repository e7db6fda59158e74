import { accumulates } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-in-micro-batches',
  breaks: 'The schedule is put forward by micro-batches where it counts updates.',
  reports: ['vllm-project/speculators#900'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: accumulates,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      schedules: Object.fromEntries(
        Object.entries(saved.schedules).map(([name, state]) => [name, { ...state, lastEpoch: saved.step }]),
      ),
    })),
});

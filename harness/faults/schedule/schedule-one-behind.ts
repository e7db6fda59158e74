import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-one-behind',
  breaks: 'The checkpoint is written before the scheduler’s step.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['schedule-shifted', 'schedule-restarted'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      schedules: Object.fromEntries(
        Object.entries(saved.schedules).map(([name, state]) => [
          name,
          { ...state, lastEpoch: Math.max(0, state.lastEpoch - 1) },
        ]),
      ),
    })),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-one-ahead',
  breaks: 'The scheduler steps once while it is restored.',
  reports: ['THUDM/slime#1547'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'schedule-shifted',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      schedules: Object.fromEntries(
        Object.entries(saved.schedules).map(([name, state]) => [
          name,
          { ...state, lastEpoch: state.lastEpoch + 1 },
        ]),
      ),
    })),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-base-scaled-again',
  breaks: 'The base rate is scaled once more at each resume.',
  reports: ['huggingface/transformers#27749'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'rate-differs'],
  cause: 'schedule-wrong-base',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      schedules: Object.fromEntries(
        Object.entries(saved.schedules).map(([name, state]) => [
          name,
          { ...state, baseRates: state.baseRates.map((rate) => 2 * rate) },
        ]),
      ),
    })),
});

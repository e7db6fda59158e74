import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-base-scaled-again',
  breaks: 'The base rate is scaled once more at each resume.',
  reports: ['huggingface/transformers#27749'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'rate-differs'],
  cause: 'schedule-wrong-base',
  needs: anyLoop,
  change: (program) =>
    onSchedules(program, (state) => ({ ...state, baseRates: state.baseRates.map((rate) => 2 * rate) })),
});

import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-base-scaled-again',
  breaks: 'The base learning rate is scaled once more at each resume.',
  reports: ['huggingface/transformers#27749'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs'],
  cause: 'schedule-wrong-base',
  needs: anyLoop,
  change: (program) =>
    onSchedules(program, (state) => ({
      ...state,
      baseLearningRates: state.baseLearningRates.map((learningRate) => 2 * learningRate),
    })),
});

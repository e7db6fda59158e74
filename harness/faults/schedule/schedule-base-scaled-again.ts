import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'schedule-base-scaled-again',
  breaks: 'The base learning rate is scaled again at each resume.',
  reports: ['huggingface/transformers#27749'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs'],
  cause: 'schedule-wrong-base',
  needs: anyLoop,
  change: (stages) =>
    onSchedules(stages, (state) => ({
      ...state,
      baseLearningRates: state.baseLearningRates.map((learningRate) => 2 * learningRate),
    })),
});

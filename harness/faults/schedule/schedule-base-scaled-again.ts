import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The base learning rate is scaled again at each resume.',
  reports: ['huggingface/transformers#27749'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs'],
  cause: 'schedule-wrong-base',
  change: (stages) =>
    onSchedules(stages, (state) => ({
      ...state,
      baseLearningRates: state.baseLearningRates.map((learningRate) => 2 * learningRate),
    })),
});

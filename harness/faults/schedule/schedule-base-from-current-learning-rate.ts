import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'schedule-base-from-current-learning-rate',
  breaks:
    'The learning rate at the resume becomes the base learning rate, and the factor is applied to it again.',
  reports: ['pytorch/pytorch#60265', 'Lightning-AI/pytorch-lightning#5455'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs', 'silent-no-op'],
  cause: ['schedule-wrong-base', 'learning-rate-zero'],
  needs: anyLoop,
  change: (stages) =>
    onSchedules(stages, (state, { optimizers }, name) => ({
      ...state,
      baseLearningRates: (optimizers[name]?.groups ?? []).map(({ learningRate }) => learningRate),
    })),
});

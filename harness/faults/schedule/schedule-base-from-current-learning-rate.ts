import { onSchedules } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks:
    'The learning rate at the resume becomes the base learning rate, so the schedule’s factor is applied twice.',
  reports: ['pytorch/pytorch#60265', 'Lightning-AI/pytorch-lightning#5455'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs', 'silent-no-op'],
  cause: ['schedule-wrong-base', 'learning-rate-zero'],
  change: (stages) =>
    onSchedules(stages, (state, { optimizers }, name) => ({
      ...state,
      baseLearningRates: (optimizers[name]?.groups ?? []).map(({ learningRate }) => learningRate),
    })),
});

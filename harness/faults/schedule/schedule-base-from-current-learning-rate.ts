import { onSchedules } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-base-from-current-learning-rate',
  breaks:
    'The learning rate at the resume becomes the base learning rate, and the factor is applied to it again.',
  reports: ['pytorch/pytorch#60265', 'Lightning-AI/pytorch-lightning#5455'],
  proofs: ['restored'],
  rule: ['counters-not-restored', 'learning-rate-differs', 'silent-no-op'],
  cause: ['schedule-wrong-base', 'learning-rate-zero'],
  needs: anyLoop,
  change: (program) =>
    onSchedules(program, (state, { optimizers }, name) => ({
      ...state,
      baseLearningRates: (optimizers[name]?.groups ?? []).map(({ learningRate }) => learningRate),
    })),
});

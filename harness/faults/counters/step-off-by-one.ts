import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'step-off-by-one',
  breaks: 'The step count is one ahead.',
  reports: ['allenai/open-instruct#52', 'huggingface/transformers#5605'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-shifted',
  needs: anyLoop,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      step: saved.step + 1,
    })),
});

import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The step count is one ahead.',
  reports: ['allenai/open-instruct#52', 'huggingface/transformers#5605'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-shifted',
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      step: saved.step + 1,
    })),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'step-off-by-one',
  breaks: 'The step count is one ahead.',
  reports: ['allenai/open-instruct#52', 'huggingface/transformers#5605'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'step-shifted',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      step: saved.step + 1,
    })),
});

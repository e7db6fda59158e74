import { accumulates } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'accumulated-gradients-lost',
  breaks: 'Saved in mid-accumulation, the gradients gathered so far are dropped.',
  reports: ['huggingface/transformers#22143'],
  proofs: ['restored'],
  rule: 'gradients-not-restored',
  cause: 'accumulation-lost',
  needs: accumulates,
  change: (program) => skip(program, 'restore gradients'),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'data-replayed',
  breaks: 'The loader begins anew.',
  reports: ['huggingface/transformers#8874', 'huggingface/accelerate#2823'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'data-restarted',
  needs: anyLoop,
  change: (program) => skip(program, 'restore data'),
});

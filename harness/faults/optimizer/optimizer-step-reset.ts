import { onOptimizerSteps } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-reset',
  breaks: 'Adam’s step, by which its bias is corrected, begins at 0 with old moments.',
  reports: ['NVIDIA-NeMo/Megatron-Bridge#3832'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-reset',
  needs: anyLoop,
  change: (program) => onOptimizerSteps(program, () => 0),
});

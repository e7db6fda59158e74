import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'optimizer-step-reset',
  breaks: 'Adam’s step, by which its bias is corrected, begins at 0 with old moments.',
  reports: ['NVIDIA-NeMo/Megatron-Bridge#3832'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-reset',
  needs: anyLoop,
  change: (stages) => onOptimizerSteps(stages, () => 0),
});

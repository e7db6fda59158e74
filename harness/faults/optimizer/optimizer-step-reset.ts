import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'optimizer-step-reset',
  breaks: 'Adam’s step restarts at 0 with the old moments, so bias correction is wrong.',
  reports: ['NVIDIA-NeMo/Megatron-Bridge#3832'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-reset',
  needs: anyLoop,
  change: (stages) => onOptimizerSteps(stages, () => 0),
});

import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s step restarts at 0 while its moments are kept, so bias correction is wrong.',
  reports: ['NVIDIA-NeMo/Megatron-Bridge#3832'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-reset',
  change: (stages) => onOptimizerSteps(stages, () => 0),
});

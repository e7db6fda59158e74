import { onGroups } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasWeightDecay } from '../needs.ts';

export default defineLoopFault({
  breaks: 'Weight decay is not restored and is 0.',
  reports: ['NVIDIA-NeMo/Automodel#3883'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'hyperparameters-changed',
  needs: hasWeightDecay,
  change: (stages) => onGroups(stages, (groups) => groups.map((group) => ({ ...group, weightDecay: 0 }))),
});

import { onGroups } from '../edits.ts';
import { hasWeightDecay } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'weight-decay-lost',
  breaks: 'Weight decay is not restored and is 0.',
  reports: ['NVIDIA-NeMo/Automodel#3883'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'hyperparameters-changed',
  needs: hasWeightDecay,
  change: (program) => onGroups(program, (groups) => groups.map((group) => ({ ...group, weightDecay: 0 }))),
});

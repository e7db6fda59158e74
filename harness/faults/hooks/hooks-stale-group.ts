import { reordered } from '../../loop/stages.ts';
import { restoreInPlace } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'Hooks are registered before the optimizer is restored and keep the old parameter group, with another learning rate.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['alive'],
  rule: 'learning-rate-not-as-claimed',
  cause: 'hooks-hold-old-group',
  needs: isFused,
  change: (stages) => {
    // New variables would leave the hooks without a parameter.
    restoreInPlace(stages);
    stages.assembly = reordered(stages.assembly, 'hooks', { before: 'restore optimizers' });
  },
});

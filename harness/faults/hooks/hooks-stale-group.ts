import { reordered } from '../../loop/stages.ts';
import { restoreInPlace } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { isFused } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'The hooks are registered before the optimizer is restored and keep the old parameter group, which has another learning rate.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['alive'],
  rule: 'learning-rate-not-as-claimed',
  cause: 'hooks-hold-old-group',
  needs: isFused,
  change: (stages) => {
    // With new variables, the hooks would not fire at all.
    restoreInPlace(stages);
    stages.assembly = reordered(stages.assembly, 'hooks', { before: 'restore optimizers' });
  },
});

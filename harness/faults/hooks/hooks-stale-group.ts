import { moved } from '../../loop/stages.ts';
import { restoreInPlace } from '../live.ts';
import { isFused } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'hooks-stale-group',
  breaks:
    'Hooks are registered before the optimizer is restored and keep the parameter group of before, at another learning rate.',
  reports: ['kohya-ss/sd-scripts#1344'],
  proofs: ['alive'],
  rule: 'learning-rate-not-as-claimed',
  cause: 'hooks-hold-old-group',
  needs: isFused,
  change: (program) => {
    // New variables would leave the hooks without a parameter.
    restoreInPlace(program);
    program.assembly = moved(program.assembly, 'hooks', { before: 'restore optimizers' });
  },
});

import { onOptimizerSteps } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-doubled',
  breaks: 'The optimizer’s step is restored in another unit.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-changed',
  needs: anyLoop,
  change: (program) => onOptimizerSteps(program, (step) => 2 * step),
});

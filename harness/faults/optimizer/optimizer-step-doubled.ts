import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'optimizer-step-doubled',
  breaks: 'The optimizer’s step is restored in another unit.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-changed',
  needs: anyLoop,
  change: (stages) => onOptimizerSteps(stages, (step) => 2 * step),
});

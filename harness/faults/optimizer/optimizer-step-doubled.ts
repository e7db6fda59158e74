import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s step is doubled.',
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: 'optimizer-step-changed',
  change: (stages) => onOptimizerSteps(stages, (step) => 2 * step),
});

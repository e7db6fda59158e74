import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s step is one behind.',
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-changed', 'optimizer-step-reset'],
  change: (stages) => onOptimizerSteps(stages, (step) => Math.max(0, step - 1)),
});

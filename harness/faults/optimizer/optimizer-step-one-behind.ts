import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'optimizer-step-one-behind',
  breaks: 'The optimizer’s step is one behind.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-changed', 'optimizer-step-reset'],
  needs: anyLoop,
  change: (stages) => onOptimizerSteps(stages, (step) => Math.max(0, step - 1)),
});

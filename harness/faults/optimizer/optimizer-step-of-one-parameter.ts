import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'optimizer-step-of-one-parameter',
  breaks: 'The optimizer’s step of a single parameter restarts at 0.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-reset', 'optimizer-step-changed'],
  needs: anyLoop,
  change: (stages) => {
    let reset = false;
    onOptimizerSteps(stages, (step) => {
      if (reset || step === 0) return step;
      reset = true;
      return 0;
    });
  },
});

import { onOptimizerSteps } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The optimizer’s step of a single parameter restarts at 0.',
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-reset', 'optimizer-step-changed'],
  change: (stages) => {
    let reset = false;
    onOptimizerSteps(stages, (step) => {
      if (reset || step === 0) return step;
      reset = true;
      return 0;
    });
  },
});

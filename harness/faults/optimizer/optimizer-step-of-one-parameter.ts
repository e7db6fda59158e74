import { onOptimizerSteps } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-of-one-parameter',
  breaks: 'The step of a single parameter begins at 0.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-reset', 'optimizer-step-changed'],
  needs: anyLoop,
  change: (program) => {
    let reset = false;
    onOptimizerSteps(program, (step) => {
      if (reset || step === 0) return step;
      reset = true;
      return 0;
    });
  },
});

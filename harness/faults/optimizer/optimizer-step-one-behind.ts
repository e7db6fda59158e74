import { onOptimizerSteps } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'optimizer-step-one-behind',
  breaks: 'The optimizer’s step is one behind.',
  reports: [],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['optimizer-step-changed', 'optimizer-step-reset'],
  needs: anyLoop,
  change: (program) => onOptimizerSteps(program, (step) => Math.max(0, step - 1)),
});

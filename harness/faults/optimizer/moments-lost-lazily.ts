import { onOptimizerSteps, onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'moments-lost-lazily',
  breaks: 'Slots are made at the first step, so that the load finds nothing to fill, step counts included.',
  reports: ['KempnerInstitute/KempnerForge#115'],
  proofs: ['restored'],
  rule: ['slots-not-restored', 'counters-not-restored'],
  cause: ['slots-missing', 'optimizer-step-reset'],
  needs: anyLoop,
  change: (program) => {
    onSlots(program, () => new Map());
    onOptimizerSteps(program, () => 0);
  },
});

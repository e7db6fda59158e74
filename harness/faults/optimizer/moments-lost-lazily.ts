import { onOptimizerSteps, onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'moments-lost-lazily',
  breaks: 'Slots and step counts are created in the first step, so the load finds nothing to fill.',
  reports: ['KempnerInstitute/KempnerForge#115'],
  proofs: ['restored'],
  rule: ['slots-not-restored', 'counters-not-restored'],
  cause: ['slots-missing', 'optimizer-step-reset'],
  needs: anyLoop,
  change: (stages) => {
    onSlots(stages, () => new Map());
    onOptimizerSteps(stages, () => 0);
  },
});

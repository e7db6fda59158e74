import { onOptimizerSteps, onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'Slots and step counts are created in the first step, so the load finds nothing to fill.',
  reports: ['KempnerInstitute/KempnerForge#115'],
  proofs: ['restored'],
  rule: ['slots-not-restored', 'counters-not-restored'],
  cause: ['slots-missing', 'optimizer-step-reset'],
  change: (stages) => {
    onSlots(stages, () => new Map());
    onOptimizerSteps(stages, () => 0);
  },
});

import { onOptimizerSteps, onSlots } from '../edits.ts';
import { defineLoopFault, skip } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The load knows neither the model nor the optimizer yet, and restores everything else.',
  reports: ['X-GenGroup/Flow-Factory#172'],
  proofs: ['restored', 'faithful'],
  // Parameters that had not moved before the save cannot be lost.
  rule: ['parameters-not-restored', 'slots-not-restored'],
  cause: ['weights-and-slots-not-loaded', 'weights-not-loaded', 'slots-missing'],
  change(stages) {
    skip(stages, 'restore weights');
    onSlots(stages, () => new Map());
    onOptimizerSteps(stages, () => 0);
  },
});

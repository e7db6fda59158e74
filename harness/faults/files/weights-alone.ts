import { restoreNothingBut } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'Only the weights are loaded.',
  reports: ['pytorch/pytorch#35047', 'kohya-ss/sd-scripts#2248'],
  proofs: ['restored'],
  rule: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
  cause: 'weights-alone',
  change: (stages) => restoreNothingBut(stages, ['weights', 'buffers']),
});

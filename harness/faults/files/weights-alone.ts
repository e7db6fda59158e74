import { restoreNothingBut } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'weights-alone',
  breaks: 'Only the weights are loaded.',
  reports: ['pytorch/pytorch#35047', 'kohya-ss/sd-scripts#2248'],
  proofs: ['restored'],
  rule: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
  cause: 'weights-alone',
  needs: anyLoop,
  change: (stages) => restoreNothingBut(stages, ['weights', 'buffers']),
});

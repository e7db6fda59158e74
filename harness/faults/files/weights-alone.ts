import { restoreNothingBut } from '../live.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'weights-alone',
  breaks: 'Weights are loaded and nothing else.',
  reports: ['pytorch/pytorch#35047', 'kohya-ss/sd-scripts#2248'],
  proofs: ['restored'],
  rule: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
  cause: 'weights-alone',
  needs: anyLoop,
  change: (program) => restoreNothingBut(program, ['weights', 'buffers']),
});

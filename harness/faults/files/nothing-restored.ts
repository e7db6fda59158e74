import { anyLoop } from '../needs.ts';
import { defineProgramFault, skip } from '../program.ts';

export default defineProgramFault({
  id: 'nothing-restored',
  breaks: 'The restore runs before anything is registered with it, and says nothing.',
  reports: ['X-GenGroup/Flow-Factory#172', 'tinkerlabs/tinker-feedback#127'],
  proofs: ['restored'],
  rule: ['parameters-not-restored', 'equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
  cause: ['nothing-restored', 'weights-alone'],
  needs: anyLoop,
  change: (program) => skip(program, 'load'),
});

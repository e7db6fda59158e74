import { keepOlder } from '../live.ts';
import { resumesTwice } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'weights-of-older-checkpoint',
  breaks: 'New metadata with old weights: two checkpoints are mixed.',
  reports: [],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-of-older-step', 'weights-not-loaded', 'weights-changed'],
  needs: resumesTwice,
  change: (program) =>
    keepOlder(program, (checkpoint, older) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, model: older.tensors.model! },
    })),
});

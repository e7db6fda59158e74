import { keepOlder } from '../live.ts';
import { resumesTwice } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'moments-of-older-checkpoint',
  breaks: 'The second checkpoint keeps the slots of the first.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: ['slots-of-older-step', 'slots-missing'],
  needs: resumesTwice,
  change: (program) =>
    keepOlder(program, (checkpoint, older) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, optimizer: older.tensors.optimizer! },
    })),
});

import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The second checkpoint keeps the slots of the first.',
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: ['slots-of-older-step', 'slots-missing'],
  needs: resumesTwice,
  change: (stages) =>
    keepOlder(stages, (checkpoint, older) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, optimizer: older.tensors.optimizer! },
    })),
});

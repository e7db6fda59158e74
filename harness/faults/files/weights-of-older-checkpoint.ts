import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The second checkpoint keeps the weights of the first.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-of-older-step', 'weights-not-loaded', 'weights-changed'],
  needs: resumesTwice,
  change: (stages) =>
    keepOlder(stages, (checkpoint, older) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, model: older.tensors.model! },
    })),
});

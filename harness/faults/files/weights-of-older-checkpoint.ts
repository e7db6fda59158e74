import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'New metadata with old weights: two checkpoints are mixed.',
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

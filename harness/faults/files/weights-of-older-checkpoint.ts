import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  id: 'weights-of-older-checkpoint',
  breaks: 'New metadata with old weights: two checkpoints are mixed.',
  reports: [],
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

import { savingWithBefore } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The weights are saved before the update, and everything else after it.',
  reports: ['allenai/allennlp#1650'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['saved-before-update', 'weights-not-loaded', 'weights-changed'],
  saves: true,
  change: (stages) =>
    savingWithBefore(stages, (checkpoint, before) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, model: before.tensors.model! },
    })),
});

import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasTwins } from '../needs.ts';
import { rotated } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'Weights of the same shape are restored under each other’s names.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-permuted',
  needs: hasTwins,
  change: (stages) => onWeights(stages, (weights) => rotated(weights)),
});

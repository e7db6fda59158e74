import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasTwins } from '../needs.ts';
import { copiedOver } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'A parameter is loaded with the values of another one of the same shape, which keeps its own.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-copied',
  needs: hasTwins,
  change: (stages) => onWeights(stages, (weights) => copiedOver(weights)),
});

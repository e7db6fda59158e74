import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'One parameter is saved in bfloat16.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  change: (stages) =>
    onWeights(stages, (weights) => {
      const [first] = weights.keys();
      return mapped(weights, (tensor, name) => (name === first ? inHalf(tensor) : tensor));
    }),
});

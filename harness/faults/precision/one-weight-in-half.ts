import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineLoopFault({
  id: 'one-weight-in-half',
  breaks: 'One parameter is saved in bfloat16.',
  reports: [],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  needs: anyLoop,
  change: (stages) =>
    onWeights(stages, (weights) => {
      const [first] = weights.keys();
      return mapped(weights, (tensor, name) => (name === first ? inHalf(tensor) : tensor));
    }),
});

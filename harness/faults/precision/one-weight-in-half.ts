import { onWeights } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineProgramFault({
  id: 'one-weight-in-half',
  breaks: 'One parameter is saved in bfloat16.',
  reports: [],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  needs: anyLoop,
  change: (program) =>
    onWeights(program, (weights) => {
      const [first] = weights.keys();
      return mapped(weights, (tensor, name) => (name === first ? inHalf(tensor) : tensor));
    }),
});

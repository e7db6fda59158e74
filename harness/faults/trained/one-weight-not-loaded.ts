import { onWeights } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'one-weight-not-loaded',
  breaks: 'A single name does not match and is skipped in silence.',
  reports: [],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-partly-loaded', 'weights-not-loaded'],
  needs: anyLoop,
  change: (program) =>
    onWeights(program, (weights) => {
      const [first] = weights.keys();
      return kept(weights, (name) => name !== first);
    }),
});

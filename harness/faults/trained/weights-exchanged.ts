import { onWeights } from '../edits.ts';
import { hasTwins } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { rotated } from '../tensors.ts';

export default defineProgramFault({
  id: 'weights-exchanged',
  breaks: 'Weights of the same shape come back under each other’s name.',
  reports: [],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-permuted',
  needs: hasTwins,
  change: (program) => onWeights(program, (weights) => rotated(weights)),
});

import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasSquare } from '../needs.ts';
import { isSquare, mapped, transposed } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'Square matrices are restored transposed, as from a framework that stores them the other way.',
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-reordered',
  needs: hasSquare,
  change: (stages) =>
    onWeights(stages, (weights) =>
      mapped(weights, (weight) => (isSquare(weight) ? transposed(weight) : weight)),
    ),
});

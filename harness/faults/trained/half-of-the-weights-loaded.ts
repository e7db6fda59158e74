import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { savesSeveral } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The names of half of the weights do not match, so these weights are skipped without an error.',
  reports: ['huggingface/diffusers#5412'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-partly-loaded',
  needs: savesSeveral,
  change: (stages) =>
    onWeights(stages, (weights) => {
      const names = [...weights.keys()];
      const matching = new Set(names.slice(0, Math.floor(names.length / 2)));
      return kept(weights, (name) => matching.has(name));
    }),
});

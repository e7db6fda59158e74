import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'Half of the names do not match and are silently skipped.',
  reports: ['huggingface/diffusers#5412'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-partly-loaded',
  change: (stages) =>
    onWeights(stages, (weights) => {
      const names = [...weights.keys()];
      const matching = new Set(names.slice(0, Math.floor(names.length / 2)));
      return kept(weights, (name) => matching.has(name));
    }),
});

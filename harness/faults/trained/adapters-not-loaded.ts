import { onWeights } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasAdapters } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The base is loaded, but the adapters are initialised again.',
  reports: ['huggingface/lerobot#3459', 'huggingface/diffusers#12689'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-not-loaded', 'weights-partly-loaded'],
  needs: hasAdapters,
  change: (stages) => onWeights(stages, (weights) => kept(weights, (name) => !name.includes('lora_'))),
});

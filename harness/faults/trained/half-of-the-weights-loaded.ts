import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'half-of-the-weights-loaded',
  breaks: 'Names that do not match are skipped in silence.',
  reports: ['huggingface/diffusers#5412'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-partly-loaded',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => {
      const names = [...saved.tensors.model.keys()];
      const matching = new Set(names.slice(0, Math.floor(names.length / 2)));
      const model = kept(saved.tensors.model, (name) => matching.has(name));
      return { ...saved, tensors: { ...saved.tensors, model } };
    }),
});

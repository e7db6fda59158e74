import { hasAdapters } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'adapters-not-loaded',
  breaks: 'The base is there, its adapters begin anew.',
  reports: ['huggingface/lerobot#3459', 'huggingface/diffusers#12689'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['weights-not-loaded', 'weights-partly-loaded'],
  needs: hasAdapters,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      tensors: {
        ...saved.tensors,
        model: kept(saved.tensors.model, (name) => !name.includes('lora_')),
      },
    })),
});

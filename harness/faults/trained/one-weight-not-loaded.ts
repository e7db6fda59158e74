import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
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
    onLoad(program, (saved) => {
      const [first] = [...saved.tensors.model.keys()];
      const model = kept(saved.tensors.model, (name) => name !== first);
      return { ...saved, tensors: { ...saved.tensors, model } };
    }),
});

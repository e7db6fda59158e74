import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
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
    onLoad(program, (saved) => {
      const [first] = [...saved.tensors.model.keys()];
      const model = mapped(saved.tensors.model, (tensor, name) => (name === first ? inHalf(tensor) : tensor));
      return { ...saved, tensors: { ...saved.tensors, model } };
    }),
});

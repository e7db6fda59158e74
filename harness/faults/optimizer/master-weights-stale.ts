import { ownerOf } from '../../loop/saved.ts';
import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { mapped } from '../tensors.ts';

export default defineProgramFault({
  id: 'master-weights-stale',
  breaks: 'The parameters are restored, their float32 master weights are those of before the load.',
  reports: ['NVIDIA/Megatron-LM#174', 'deepspeedai/DeepSpeed#762'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'master-weights-stale',
  needs: anyLoop,
  change: (program) =>
    onSlots(program, (slots, _saved, { recipe }) =>
      mapped(slots, (tensor, name) => {
        if (!name.endsWith('.master')) return tensor;
        const initial = recipe.model.initialise(ownerOf(name), tensor.shape);
        return { ...tensor, bytes: new Uint8Array(initial.slice().buffer) };
      }),
    ),
});

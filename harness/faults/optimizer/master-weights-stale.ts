import { byName } from '../../loop/parts.ts';
import { ownerOf } from '../../loop/saved.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { hasMasterWeights } from '../needs.ts';

export default defineLoopFault({
  breaks:
    'The parameters are restored, but the float32 master weights keep their values from before the load.',
  reports: ['NVIDIA/Megatron-LM#174', 'deepspeedai/DeepSpeed#762'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'master-weights-stale',
  needs: hasMasterWeights,
  change: (stages) =>
    inResume(stages, 'load', async (parts, original) => {
      await original(parts);
      const { tensors, ...saved } = parts.saved!;
      const variable = byName(parts.parameters);
      const optimizer = new Map(tensors.optimizer);
      for (const [name, tensor] of tensors.optimizer) {
        if (!name.endsWith('.master')) continue;
        const values = Float32Array.from(await variable(ownerOf(name)).data());
        optimizer.set(name, { ...tensor, bytes: new Uint8Array(values.buffer) });
      }
      parts.saved = { ...saved, tensors: { ...tensors, optimizer } };
    }),
});

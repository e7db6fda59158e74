import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  id: 'master-weights-lost',
  breaks: 'The float32 master weights are not restored: they restart from the rounded parameters.',
  reports: ['NVIDIA/Megatron-LM#174'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'master-weights-stale',
  needs: anyLoop,
  change: (stages) => onSlots(stages, (slots) => kept(slots, (name) => !name.endsWith('.master'))),
});

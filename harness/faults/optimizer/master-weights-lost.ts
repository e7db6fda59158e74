import { onSlots } from '../edits.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { hasMasterWeights } from '../needs.ts';
import { kept } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The float32 master weights are not restored and restart from the rounded parameters.',
  reports: ['NVIDIA/Megatron-LM#174'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'master-weights-stale',
  needs: hasMasterWeights,
  change: (stages) => onSlots(stages, (slots) => kept(slots, (name) => !name.endsWith('.master'))),
});

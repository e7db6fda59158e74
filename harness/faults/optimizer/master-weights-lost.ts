import { onSlots } from '../edits.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'master-weights-lost',
  breaks: 'The float32 master weights are not restored: they begin again from the rounded parameters.',
  reports: ['NVIDIA/Megatron-LM#174'],
  proofs: ['restored'],
  rule: 'slots-not-restored',
  cause: 'master-weights-stale',
  needs: anyLoop,
  change: (program) => onSlots(program, (slots) => kept(slots, (name) => !name.endsWith('.master'))),
});

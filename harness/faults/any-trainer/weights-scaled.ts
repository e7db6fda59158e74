import { defineTrainerFault, rewrite } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'The weights are multiplied by 1.01 after the load.',
  reports: ['NVIDIA/Megatron-LM#6920'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-changed',
  change: (trainer) => rewrite(trainer, (values) => values.map((value) => 1.01 * value)),
});

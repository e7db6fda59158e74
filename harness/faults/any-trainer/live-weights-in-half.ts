import { toBfloat16 } from '../../loop/rounding.ts';
import { defineTrainerFault, rewrite } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'The weights are cast to bfloat16 and back after the load.',
  reports: ['vllm-project/speculators#1027'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  change: (trainer) => rewrite(trainer, toBfloat16),
});

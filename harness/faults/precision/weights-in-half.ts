import { defineLoopFault, onSave } from '../loop-fault.ts';
import { inHalf, mapped } from '../tensors.ts';

export default defineLoopFault({
  breaks: 'The weights are saved in bfloat16.',
  reports: ['vllm-project/speculators#1027'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: 'weights-rounded',
  saves: true,
  change: (stages) =>
    onSave(stages, (checkpoint) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, model: mapped(checkpoint.tensors.model!, inHalf) },
    })),
});

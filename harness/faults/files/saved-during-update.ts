import { savingWithBefore } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'Half of the weights are saved before the update, and the other half after it.',
  reports: ['Lightning-AI/pytorch-lightning#688'],
  proofs: ['restored'],
  rule: 'parameters-not-restored',
  cause: ['checkpoint-mixed', 'weights-partly-loaded', 'saved-before-update', 'weights-changed'],
  saves: true,
  change: (stages) =>
    savingWithBefore(stages, (checkpoint, before) => ({
      ...checkpoint,
      tensors: {
        ...checkpoint.tensors,
        model: new Map(
          [...checkpoint.tensors.model!].map(([name, tensor], at) =>
            at % 2 === 0 ? [name, before.tensors.model!.get(name)!] : [name, tensor],
          ),
        ),
      },
    })),
});

import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The first resume is correct, but the second loses the optimizer’s slots.',
  reports: ['r9y9/wavenet_vocoder#132', 'bmaltais/kohya_ss#2771'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-missing',
  needs: resumesTwice,
  // A resumed run saves no slots.
  change: (stages) =>
    keepOlder(stages, (checkpoint) => ({
      ...checkpoint,
      tensors: { ...checkpoint.tensors, optimizer: new Map() },
    })),
});

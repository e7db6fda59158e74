import { owners } from '../../loop/parts.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'One parameter is frozen after the resume.',
  reports: ['huggingface/peft#3580'],
  proofs: ['restored', 'alive'],
  rule: 'trainable-changed',
  cause: 'trainable-lost',
  change: (stages) =>
    inResume(stages, 'freeze', (parts, original) => {
      original(parts);
      const [first] = owners(parts.parameters).filter(({ variable }) => variable.trainable);
      first!.variable.trainable = false;
    }),
});

import { owners } from '../../loop/parts.ts';
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { trainsSeveral } from '../needs.ts';

export default defineLoopFault({
  breaks: 'All parameters but the last are frozen after the resume.',
  reports: ['tloen/alpaca-lora#352', 'huggingface/transformers#26098'],
  proofs: ['restored', 'alive'],
  rule: 'trainable-changed',
  cause: 'trainable-lost',
  needs: trainsSeveral,
  change: (stages) =>
    inResume(stages, 'freeze', (parts, original) => {
      original(parts);
      const trained = owners(parts.parameters).filter(({ variable }) => variable.trainable);
      for (const { variable } of trained.slice(0, -1)) variable.trainable = false;
    }),
});

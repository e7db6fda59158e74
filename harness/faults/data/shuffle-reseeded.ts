import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasShuffleBuffer } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The generator of the shuffle buffer is reseeded.',
  reports: ['huggingface/accelerate#4195'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-reseeded',
  needs: hasShuffleBuffer,
  change: (stages) =>
    onLoad(stages, ({ data: { epoch, position, buffer }, ...saved }) => ({
      ...saved,
      data: { epoch, position, ...(buffer === undefined ? {} : { buffer }) },
    })),
});

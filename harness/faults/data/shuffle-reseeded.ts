import { hasShuffleBuffer } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'shuffle-reseeded',
  breaks: 'The generator of the shuffle buffer begins anew.',
  reports: ['huggingface/accelerate#4195'],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-reseeded',
  needs: hasShuffleBuffer,
  change: (program) =>
    onLoad(program, ({ data: { epoch, position, buffer }, ...saved }) => ({
      ...saved,
      data: { epoch, position, ...(buffer === undefined ? {} : { buffer }) },
    })),
});

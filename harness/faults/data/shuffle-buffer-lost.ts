import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasShuffleBuffer } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The examples in the shuffle buffer are dropped.',
  reports: ['modelscope/ms-swift#10050'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-skipped', 'data-reshuffled'],
  needs: hasShuffleBuffer,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, buffer: [] },
    })),
});

import { hasShuffleBuffer } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'shuffle-buffer-lost',
  breaks: 'The examples that wait in the shuffle buffer are dropped.',
  reports: ['modelscope/ms-swift#10050'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-skipped', 'data-reshuffled'],
  needs: hasShuffleBuffer,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      data: { ...saved.data, buffer: [] },
    })),
});

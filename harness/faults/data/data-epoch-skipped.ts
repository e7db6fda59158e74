import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'data-epoch-skipped',
  breaks: 'The rest of the epoch is skipped.',
  reports: ['kdexd/virtex#18'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-skipped', 'data-reshuffled'],
  needs: anyLoop,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, epoch: saved.data.epoch + 1, position: 0 },
    })),
});

import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The rest of the epoch is skipped.',
  reports: ['kdexd/virtex#18'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-skipped', 'data-reshuffled'],
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, epoch: saved.data.epoch + 1, position: 0 },
    })),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'data-epoch-skipped',
  breaks: 'The rest of the epoch is skipped.',
  reports: ['kdexd/virtex#18'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-skipped', 'data-reshuffled'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      data: { ...saved.data, epoch: saved.data.epoch + 1, position: 0 },
    })),
});

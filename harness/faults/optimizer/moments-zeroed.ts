import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { mapped, zeros } from '../tensors.ts';

export default defineProgramFault({
  id: 'moments-zeroed',
  breaks: 'The optimizer’s slots are made anew after the load, as zeros.',
  reports: ['keras-team/keras#16833'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-zeroed',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      tensors: { ...saved.tensors, optimizer: mapped(saved.tensors.optimizer, zeros) },
    })),
});

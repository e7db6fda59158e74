import { ownerOf } from '../../loop/saved.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'slots-of-one-parameter-lost',
  breaks: 'The slots of a single parameter are left out.',
  reports: ['wochenlong/lora-scripts-next#320'],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-partly-lost',
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => {
      const { optimizer } = saved.tensors;
      const [first] = [...optimizer.keys()].map(ownerOf);
      const others = kept(optimizer, (name) => ownerOf(name) !== first);
      return { ...saved, tensors: { ...saved.tensors, optimizer: others } };
    }),
});

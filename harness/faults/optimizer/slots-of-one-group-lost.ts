import { ownerOf } from '../../loop/saved.ts';
import { hasSeveralGroups } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { kept } from '../tensors.ts';

export default defineProgramFault({
  id: 'slots-of-one-group-lost',
  breaks: 'The slots of one parameter group are left out.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  cause: 'slots-partly-lost',
  needs: hasSeveralGroups,
  change: (program) =>
    onLoad(program, (saved) => {
      const groups = Object.values(saved.optimizers).flatMap(({ groups }) => groups);
      const lost = new Set(groups.at(-1)?.parameters);
      const others = kept(saved.tensors.optimizer, (name) => !lost.has(ownerOf(name)));
      return { ...saved, tensors: { ...saved.tensors, optimizer: others } };
    }),
});

import { ownerOf } from '../../loop/saved.ts';
import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';
import { mapped, zeros } from '../tensors.ts';

/** The slots' kinds, such as `exp_avg`, in order of name. */
const kindsOf = (names: Iterable<string>): string[] =>
  [...new Set([...names].map((name) => name.slice(ownerOf(name).length)))].sort();

export default defineProgramFault({
  id: 'second-moment-zeroed',
  breaks: 'Of two slots the second comes back as zeros.',
  reports: [],
  proofs: ['restored', 'faithful'],
  rule: 'slots-not-restored',
  // The last kind of a mixed-precision optimizer are its master weights.
  cause: ['slot-kind-lost', 'master-weights-stale'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => {
      const { optimizer } = saved.tensors;
      const kinds = kindsOf(optimizer.keys());
      const kind = kinds.length > 1 ? kinds.at(-1) : undefined;
      const spoiled = mapped(optimizer, (tensor, name) =>
        kind !== undefined && name.endsWith(kind) && ownerOf(name) + kind === name ? zeros(tensor) : tensor,
      );
      return { ...saved, tensors: { ...saved.tensors, optimizer: spoiled } };
    }),
});

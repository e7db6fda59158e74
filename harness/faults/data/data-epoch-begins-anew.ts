import { anyLoop } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'data-epoch-begins-anew',
  breaks: 'The epoch is restored, the position in it is not.',
  reports: ['pytorch/torchtitan#2864'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['data-restarted', 'data-rewound', 'data-reshuffled', 'data-skipped'],
  needs: anyLoop,
  change: (program) =>
    onLoad(program, (saved) => ({
      ...saved,
      data: { ...saved.data, position: 0 },
    })),
});

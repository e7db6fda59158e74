import { keepOlder } from '../live.ts';
import { draws, resumesTwice } from '../needs.ts';
import { defineProgramFault } from '../program.ts';

export default defineProgramFault({
  id: 'rng-of-older-checkpoint',
  breaks: 'The second checkpoint keeps the random state of the first.',
  reports: [],
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-rewound',
  needs: (parts) => draws(parts) && resumesTwice(parts),
  change: (program) =>
    keepOlder(program, (checkpoint, older) => ({
      ...checkpoint,
      state: { ...checkpoint.state, random: older.state.random },
    })),
});

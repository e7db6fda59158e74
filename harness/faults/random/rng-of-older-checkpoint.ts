import { keepOlder } from '../live.ts';
import { defineLoopFault } from '../loop-fault.ts';
import { draws, resumesTwice } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The second checkpoint keeps the random state of the first.',
  proofs: ['restored'],
  rule: 'random-not-restored',
  cause: 'random-rewound',
  needs: [draws, resumesTwice],
  change: (stages) =>
    keepOlder(stages, (checkpoint, older) => ({
      ...checkpoint,
      state: { ...checkpoint.state, random: older.state.random },
    })),
});

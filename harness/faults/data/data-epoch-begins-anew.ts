import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The epoch is restored, but the position in it restarts at 0.',
  reports: ['pytorch/torchtitan#2864'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['data-restarted', 'data-rewound', 'data-reshuffled', 'data-skipped', 'data-position-changed'],
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, position: 0 },
    })),
});

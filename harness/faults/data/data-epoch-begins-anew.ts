import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The epoch is restored, but not the position in it.',
  reports: ['pytorch/torchtitan#2864'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['data-restarted', 'data-rewound', 'data-reshuffled', 'data-skipped'],
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, position: 0 },
    })),
});

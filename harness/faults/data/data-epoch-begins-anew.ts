import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { anyLoop } from '../needs.ts';

export default defineLoopFault({
  id: 'data-epoch-begins-anew',
  breaks: 'The epoch is restored, but not the position in it.',
  reports: ['pytorch/torchtitan#2864'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['data-restarted', 'data-rewound', 'data-reshuffled', 'data-skipped'],
  needs: anyLoop,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, position: 0 },
    })),
});

import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { shuffles } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The position is restored, but not the epoch, so the data has the order of the first epoch.',
  reports: ['xinntao/Real-ESRGAN#799', 'unit8co/darts#2463'],
  proofs: ['restored'],
  rule: 'counters-not-restored',
  cause: ['data-reshuffled', 'data-rewound', 'data-restarted', 'data-position-changed'],
  needs: shuffles,
  change: (stages) =>
    onLoad(stages, (saved) => ({
      ...saved,
      data: { ...saved.data, epoch: 0 },
    })),
});

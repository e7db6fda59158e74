import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { hasNoShuffleBuffer } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The last batch before the save is repeated.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: hasNoShuffleBuffer,
  change: (stages) =>
    onLoad(stages, (saved, { recipe }) => ({
      ...saved,
      data: { ...saved.data, position: Math.max(0, saved.data.position - recipe.batch) },
    })),
});

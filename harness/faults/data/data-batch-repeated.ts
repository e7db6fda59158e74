import { defineLoopFault, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The last batch before the save is repeated.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: ({ recipe }) => typeof recipe.shuffle !== 'object',
  change: (stages) =>
    onLoad(stages, (saved, { recipe }) => ({
      ...saved,
      data: { ...saved.data, position: Math.max(0, saved.data.position - recipe.batch) },
    })),
});

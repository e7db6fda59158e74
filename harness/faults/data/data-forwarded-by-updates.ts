import { defineLoopFault, onLoad } from '../loop-fault.ts';
import { accumulates } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The fast-forward skips one batch per update, although an update takes several batches.',
  reports: ['EleutherAI/gpt-neox#308'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: accumulates,
  change: (stages) =>
    onLoad(stages, (saved, { recipe }) => ({
      ...saved,
      data: { epoch: 0, position: saved.updates * recipe.batch },
    })),
});

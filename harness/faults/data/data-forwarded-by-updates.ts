import { accumulates } from '../needs.ts';
import { defineProgramFault, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'data-forwarded-by-updates',
  breaks: 'The fast-forward forgets the micro-batches and skips one batch an update.',
  reports: ['EleutherAI/gpt-neox#308'],
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: ['data-rewound', 'data-restarted'],
  needs: accumulates,
  change: (program) =>
    onLoad(program, (saved, { recipe }) => ({
      ...saved,
      data: { epoch: 0, position: saved.updates * recipe.batch },
    })),
});

import { anyLoop } from '../needs.ts';
import { defineProgramFault, inResume, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-shortened',
  breaks: 'The schedule’s length is taken for the rest of the run: the rate decays too fast.',
  reports: ['huggingface/transformers#25865'],
  proofs: ['faithful'],
  rule: ['rate-differs', 'counters-not-restored'],
  cause: 'schedule-wrong-shape',
  needs: anyLoop,
  change: (program) => {
    let resumedAt = Number.POSITIVE_INFINITY;
    inResume(program, 'optimizers', (parts, original) => {
      const { recipe } = parts;
      const shortened = recipe.optimizers.map((optimizer) => ({
        ...optimizer,
        schedule: (updates: number) => optimizer.schedule(updates) * 0.5 ** Math.max(0, updates - resumedAt),
      }));
      parts.recipe = { ...recipe, optimizers: shortened };
      return original(parts);
    });
    onLoad(program, (saved) => {
      resumedAt = saved.updates;
      return saved;
    });
  },
});

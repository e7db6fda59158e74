import { anyLoop } from '../needs.ts';
import { defineProgramFault, inResume, onLoad } from '../program.ts';

export default defineProgramFault({
  id: 'schedule-shortened',
  breaks:
    'The schedule is built with another shape: from the resume on, each update halves the learning rate once more.',
  reports: [],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'counters-not-restored'],
  cause: 'schedule-wrong-shape',
  needs: anyLoop,
  change: (program) => {
    /** In updates, as the schedules count them. */
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
      resumedAt = Math.max(...Object.values(saved.schedules).map(({ lastEpoch }) => lastEpoch));
      return saved;
    });
  },
});

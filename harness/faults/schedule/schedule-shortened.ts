import { defineLoopFault, inResume, onLoad } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule has another shape after the resume: each update halves the learning rate.',
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'counters-not-restored'],
  cause: 'schedule-wrong-shape',
  change: (stages) => {
    /** The update at which the run resumed. */
    let resumedAt = Number.POSITIVE_INFINITY;
    inResume(stages, 'optimizers', (parts, original) => {
      const { recipe } = parts;
      const shortened = recipe.optimizers.map((optimizer) => ({
        ...optimizer,
        schedule: (updates: number) => optimizer.schedule(updates) * 0.5 ** Math.max(0, updates - resumedAt),
      }));
      parts.recipe = { ...recipe, optimizers: shortened };
      return original(parts);
    });
    onLoad(stages, (saved) => {
      resumedAt = Math.max(...Object.values(saved.schedules).map(({ lastEpoch }) => lastEpoch));
      return saved;
    });
  },
});

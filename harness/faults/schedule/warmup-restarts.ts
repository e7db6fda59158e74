import { defineLoopFault, inResume, onLoad } from '../loop-fault.ts';
import { restores } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume warms the learning rate up again over three updates, and the schedule continues.',
  reports: ['Nerogar/OneTrainer#1604'],
  proofs: ['faithful'],
  rule: ['learning-rate-differs', 'counters-not-restored'],
  // A segment with a single update shows only one factor.
  cause: ['warmup-restarted', 'schedule-wrong-base'],
  needs: restores('schedule'),
  change(stages) {
    /** The update at which the run resumed. */
    let resumedAt: number | undefined;
    inResume(stages, 'optimizers', (parts, original) => {
      const optimizers = parts.recipe.optimizers.map((optimizer) => ({
        ...optimizer,
        schedule: (updates: number) =>
          optimizer.schedule(updates) *
          (resumedAt === undefined ? 1 : Math.min(1, (updates - resumedAt + 1) / 3)),
      }));
      parts.recipe = { ...parts.recipe, optimizers };
      return original(parts);
    });
    onLoad(stages, (saved) => {
      resumedAt = Math.max(...Object.values(saved.schedules).map(({ lastEpoch }) => lastEpoch));
      return saved;
    });
  },
});

/**
 * Diagnosis: after the resume the schedule's base learning rates of all parameter groups but the first are the learning rates at
 * the save, so their schedule factor is applied twice (learning rate = base × factor at the save × factor);
 * the first group, the schedule's position and everything else are exact.
 */
import { defineLoopFault, inResume } from '../loop-fault.ts';

export default defineLoopFault({
  breaks:
    'Groups that were added later have no saved initial learning rate: a resume uses their current one as the base learning rate.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'schedule-wrong-base',
  needs({ recipe, context, accumulate, driven }) {
    if (recipe.fused === 'optimizer-groups' || recipe.forgets?.includes('schedule')) return false;
    const updates = context.plan.resumeAt.map((step) => Math.floor(step / accumulate));
    // A learning rate that equals its base, or is 0, would not change.
    return driven.some(({ name, optimizer }) => {
      const { schedule } = recipe.optimizers.find((own) => own.name === name)!;
      const later = optimizer.groups.slice(1).flatMap(({ parameters }) => parameters);
      const trained = later.some(({ variable }) => variable.trainable);
      return trained && updates.some((made) => ![0, 1].includes(schedule(made)));
    });
  },
  change(stages) {
    inResume(stages, 'restore schedules', async (parts, original) => {
      await original(parts);
      for (const { optimizer, schedule } of parts.registered) {
        const { lastEpoch, baseLearningRates } = schedule.state();
        const present = optimizer.groups.map(({ learningRate }) => learningRate);
        schedule.restore({
          lastEpoch,
          baseLearningRates: baseLearningRates.map((learningRate, at) =>
            at === 0 ? learningRate : present[at]!,
          ),
        });
      }
    });
  },
});

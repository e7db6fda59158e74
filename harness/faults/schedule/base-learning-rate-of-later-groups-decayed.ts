/**
 * Groups that were added later have no saved initial learning rate. The resume uses the learning rate at the save as
 * their base learning rate, so the schedule's factor is applied twice (learning rate = base × factor at the save ×
 * factor). The first group, the schedule's position and everything else are exact.
 */
import { defineLoopFault, inResume } from '../loop-fault.ts';
import { need, restores } from '../needs.ts';

export default defineLoopFault({
  breaks: 'The resume uses the current learning rate of every group but the first as its base learning rate.',
  proofs: ['restored', 'faithful'],
  rule: 'counters-not-restored',
  cause: 'schedule-wrong-base',
  needs: [
    need(
      'updates in gradient hooks of parameter groups',
      ({ recipe }) => recipe.fused !== 'optimizer-groups',
    ),
    restores('schedule'),
    need(
      'has no second parameter group whose learning rate is scheduled at a resume',
      ({ recipe, context, accumulate, driven }) => {
        const updates = context.plan.resumeAt.map((step) => Math.floor(step / accumulate));
        // The fault changes nothing if the learning rate equals its base or is 0.
        return driven.some(({ name, optimizer }) => {
          const { schedule } = recipe.optimizers.find((own) => own.name === name)!;
          const later = optimizer.groups.slice(1).flatMap(({ parameters }) => parameters);
          const trained = later.some(({ variable }) => variable.trainable);
          return trained && updates.some((made) => ![0, 1].includes(schedule(made)));
        });
      },
    ),
  ],
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

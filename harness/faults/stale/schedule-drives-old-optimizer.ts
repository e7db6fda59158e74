import { defineLoopFault, inResume } from '../loop-fault.ts';

export default defineLoopFault({
  breaks: 'The schedule sets the learning rates of the old optimizer.',
  reports: ['ildoonet/pytorch-gradual-warmup-lr#27'],
  proofs: ['alive', 'faithful'],
  rule: ['learning-rate-not-as-claimed', 'learning-rate-differs'],
  cause: 'schedule-drives-old-optimizer',
  change: (stages) =>
    inResume(stages, 'optimizers', (parts, original) => {
      original(parts);
      const schedules = parts.driven.map(({ schedule }) => schedule);
      original(parts);
      parts.driven = parts.driven.map((driven, at) => ({ ...driven, schedule: schedules[at]! }));
    }),
});

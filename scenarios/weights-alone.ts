/** A resume that takes the weights and loses everything else, as a missing call of `load_state` would. */
import { defineScenario } from '../harness/index.ts';
import { PLAN, unfused } from './image-model/digits.ts';

export default defineScenario({
  about: 'A resume that restores the weights alone: the optimizer, the schedule and the data begin anew',
  // Long enough for a schedule that begins anew to leave 0, and so for the cold start to move.
  plan: { ...PLAN, onSoftwareGpu: { steps: 10, resumeAt: 4 } },
  lacks: ['hooks'],
  cold: true,
  expect: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored', 'random-not-restored'],
  trainer: (context) => unfused({ ...context, weightsOnly: true }),
});

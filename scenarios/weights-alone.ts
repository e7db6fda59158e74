/** A resume that restores only the weights, as if `load_state` were never called. */
import { defineScenario } from '../harness/index.ts';
import { PLAN, unfused } from './image-model/digits.ts';

export default defineScenario({
  about: 'A resume that restores only the weights: the optimizer, the schedule and the data restart',
  // Long enough for the restarted schedule to leave 0, so that the cold start moves.
  plan: { ...PLAN, onSoftwareGpu: { steps: 10, resumeAt: 4 } },
  lacks: ['hooks'],
  cold: true,
  expect: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored', 'random-not-restored'],
  trainer: (context) => unfused({ ...context, weightsOnly: true }),
});

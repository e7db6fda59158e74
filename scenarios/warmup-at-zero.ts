/** Looks like a silent no-op and is none: right after the resume the control, too, trains at learning rate 0. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A warm-up that is still at learning rate 0 when the run is resumed',
  plan: { steps: 8, resumeAt: 3 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { schedule: (updates) => (updates < 5 ? 0 : 1), ema: 0.9 }),
});

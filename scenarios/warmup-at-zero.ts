/** Looks like a silent no-op but is not: right after the resume, the control trains at learning rate 0 too. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A warm-up whose learning rate is still 0 when the run is resumed',
  plan: { steps: 8, resumeAt: 3 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { schedule: (updates) => (updates < 5 ? 0 : 1), ema: 0.9 }),
});

/** The learning rate reaches 0 between the resume and the end of the run, so the last steps change nothing. */
import { defineScenario, warmupCosine } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A cosine schedule that reaches 0 two steps before the run ends',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { schedule: warmupCosine(1, 6), ema: 0.9 }),
});

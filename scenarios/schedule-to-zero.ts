/** After the resume the learning rate reaches 0 before the run ends: the last steps change nothing. */
import { defineScenario, warmupCosine } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A cosine that ends at 0 two steps before the run does',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { schedule: warmupCosine(1, 6), ema: 0.9 }),
});

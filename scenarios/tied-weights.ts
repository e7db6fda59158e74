/** Two layers share one weight under two names. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Hidden layers that share one weight',
  plan: { steps: 8, resumeAt: [2, 5] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) => trainNetwork(context, { network: { hidden: [12, 12, 12], tied: true }, ema: 0.9 }),
});

/** A checkpoint at each phase of the window: after an update, and after one and two micro-batches of three. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Gradient accumulation over three micro-batches, saved at each phase of the window',
  plan: { steps: 12, resumeAt: [3, 4, 8] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) => trainNetwork(context, { accumulate: 3, maxGradNorm: 1, ema: 0.9 }),
});

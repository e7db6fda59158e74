/** Two parameter groups: one has weight decay, the other twice the learning rate. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Two parameter groups: weight decay for matrices, a higher learning rate for vectors',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) => trainNetwork(context, { grouped: true, ema: 0.9, maxGradNorm: 1 }),
});

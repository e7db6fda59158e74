/** Checkpoints store the weights in bfloat16, as declared, so the control loses the same bits. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Weights are trained in float32 and stored in bfloat16, as declared',
  plan: { steps: 8, resumeAt: [3, 5] },
  lacks: ['hooks'],
  deviates: ['precision'],
  trainer: (context) => trainNetwork(context, { stores: 'bfloat16', ema: 0.9 }),
});

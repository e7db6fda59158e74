/** The weights of a checkpoint are bfloat16, by declaration: the loss of bits is the control's as well. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'By declaration weights are stored in bfloat16, and trained in float32',
  plan: { steps: 8, resumeAt: [3, 5] },
  lacks: ['hooks'],
  deviates: ['precision'],
  trainer: (context) => trainNetwork(context, { stores: 'bfloat16', ema: 0.9 }),
});

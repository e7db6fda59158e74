/** Four optimizers, each with its own schedule and stepped by the hook that completes its gradients. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'The small network, four fused optimizer groups',
  plan: { steps: 8, resumeAt: [2, 4] },
  mayChange: ['steps', 'batchSize'],
  trainer: (context) => trainNetwork(context, { fused: 'optimizer-groups', maxGradNorm: 0.1, ema: 0.9 }),
});

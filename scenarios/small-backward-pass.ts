/** Gradient hooks apply the updates. They are registered after everything is restored. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'The small network, each parameter stepped inside its own hook',
  plan: { steps: 8, resumeAt: 4 },
  mayChange: ['steps', 'batchSize'],
  trainer: (context) =>
    trainNetwork(context, { fused: 'backward-pass', replaceVariables: true, maxGradNorm: 0.1, ema: 0.9 }),
});

/** Frozen parameters do not move and have neither gradients nor slots. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'The first layer and all biases are frozen',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { frozen: (name) => name.startsWith('hidden.0') || name.endsWith('.bias') },
      ema: 0.9,
    }),
});

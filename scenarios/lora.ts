/** The base is frozen and left out of checkpoints. The first gradient of each A is zero because B starts at zero. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'LoRA adapters on frozen layers, saved without their base',
  plan: { steps: 8, resumeAt: [1, 4] },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { adapters: 2, dropout: 0.1 },
      saves: (name) => name.includes('lora_'),
      ema: 0.9,
    }),
});

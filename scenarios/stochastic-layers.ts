/** Dropout, noise on the inputs and batch statistics: equal only if every generator goes on where it stopped. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Dropout, noise on the inputs and batch normalisation, with several images',
  plan: { steps: 8, resumeAt: [2, 5] },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { images: 3, dropout: 0.2, normalised: true },
      maxGradNorm: 0.1,
      ema: 0.9,
    }),
});

/** Dropout, input noise and batch statistics: the runs are equal only if every generator continues where it stopped. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Dropout, input noise and batch normalisation, with several images',
  plan: { steps: 8, resumeAt: [2, 5] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { images: 3, dropout: 0.2, normalised: true },
      maxGradNorm: 0.1,
      ema: 0.9,
    }),
});

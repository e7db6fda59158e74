/** Embedding rows without an example in the batch get no update. */
import { defineScenario, sgd } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'An embedding of sixteen images, trained by plain SGD in batches of four examples',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks', 'slots'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { images: 16 },
      update: sgd(),
      learningRate: 0.1,
      weightDecay: 0,
      batch: 4,
    }),
});

/** All parameters but one have zero gradients, so they do not move. */
import { defineScenario, sgd } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Converged weights: only the bias of the head still moves',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { initialise: (_name, values) => values.fill(0) },
      update: sgd({ momentum: 0.9 }),
    }),
});

/** The gradients of all weights but one are zero: there is nothing left to learn, and nothing moves. */
import { defineScenario, sgd } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Weights that have converged; only the bias of the head still moves',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: { initialise: (_name, values) => values.fill(0) },
      update: sgd({ momentum: 0.9 }),
    }),
});

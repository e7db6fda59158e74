/** All units of a layer are dead: neither its weights nor those that read its zeros ever move. */
import { defineScenario, sgd } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A ReLU layer without a living unit, beside one that lives',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) =>
    trainNetwork(context, {
      network: {
        activation: 'relu',
        initialise: (name, values) =>
          name === 'hidden.0.bias' ? values.fill(-100) : name === 'hidden.1.bias' ? values.fill(0.1) : values,
      },
      weightDecay: 0,
      update: sgd({ momentum: 0.9 }),
      ema: 0.9,
    }),
});

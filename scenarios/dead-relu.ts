/** All units of a layer are dead, so neither its weights nor the weights that read its zeros ever move. */
import { defineScenario, sgd } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A ReLU layer whose units are all dead, next to a live one',
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

/** sd-scripts' full fine-tuning, by design: the schedule goes on, the step count and the data begin anew. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'By declaration the step count and the data begin anew at each resume; all else comes back',
  plan: { steps: 8, resumeAt: [3, 5] },
  lacks: ['hooks'],
  deviates: ['data-order', 'step-count'],
  trainer: (context) =>
    trainNetwork(context, { forgets: ['data-order', 'step-count'], ema: 0.9, maxGradNorm: 1 }),
});

/** Resumes like sd-scripts' full fine-tuning: the schedule continues, the step count and the data restart. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Each resume restarts the step count and the data, as declared, and restores everything else',
  plan: { steps: 8, resumeAt: [3, 5] },
  lacks: ['hooks'],
  deviates: ['data-order', 'step-count'],
  trainer: (context) =>
    trainNetwork(context, { forgets: ['data-order', 'step-count'], ema: 0.9, maxGradNorm: 1 }),
});

/** Resumes the final checkpoint: no steps are left, so nothing trains. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Resumed in the middle and again after the last step',
  plan: { steps: 6, resumeAt: [3, 6] },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { ema: 0.9 }),
});

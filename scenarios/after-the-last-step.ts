/** The last checkpoint is resumed, and rightly nothing is trained. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Resumed once in the middle, and once more after the last step',
  plan: { steps: 6, resumeAt: [3, 6] },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { ema: 0.9 }),
});

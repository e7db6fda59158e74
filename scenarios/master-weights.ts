/** Mixed precision: parameters in bfloat16, and the float32 weights that are trained are a slot of the optimizer. */
import { adamW, defineScenario, withMasterWeights } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'AdamW on float32 master weights, with parameters rounded to bfloat16',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { update: withMasterWeights(adamW()), ema: 0.9 }),
});

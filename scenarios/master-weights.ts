/** Mixed precision: parameters are bfloat16, and the float32 weights behind them are an optimizer slot. */
import { adamW, defineScenario, withMasterWeights } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'AdamW on float32 master weights, with parameters rounded to bfloat16',
  plan: { steps: 8, resumeAt: 4 },
  lacks: ['hooks'],
  trainer: (context) => trainNetwork(context, { update: withMasterWeights(adamW()), ema: 0.9 }),
});

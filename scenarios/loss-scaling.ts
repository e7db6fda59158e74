/** Steps before and after the resume are skipped whenever scaled gradients overflow half precision. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Dynamic loss scaling: overflows skip steps before and after the resume',
  plan: { steps: 12, resumeAt: [3, 7] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) =>
    trainNetwork(context, {
      lossScale: { initial: 2 ** 19, growthInterval: 2 },
      maxGradNorm: 1,
      ema: 0.9,
    }),
});

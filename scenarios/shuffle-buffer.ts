/** The data pipeline has state: the examples in the buffer and the generator that draws from it. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'A stateful data pipeline: a shuffle buffer of 32 examples, over more than one epoch',
  plan: { steps: 10, resumeAt: [3, 6] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) => trainNetwork(context, { shuffle: { buffer: 32 }, batch: 48, ema: 0.9 }),
});

/** A run that is stopped five times. */
import { defineScenario } from '../harness/index.ts';
import { trainNetwork } from './network/train.ts';

export default defineScenario({
  about: 'Five resumes in a row, three of them after a single step',
  plan: { steps: 9, resumeAt: [1, 2, 4, 5, 7] },
  lacks: ['hooks'],
  mayChange: ['steps', 'batchSize', 'accumulation'],
  trainer: (context) => trainNetwork(context, { ema: 0.9, network: { dropout: 0.1 } }),
});

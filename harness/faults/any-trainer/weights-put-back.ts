import * as tf from '@tensorflow/tfjs-core';
import { defineTrainerFault, replacing } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'After each step the old weights are restored: the loss is printed, but nothing is learned.',
  reports: ['huggingface/accelerate#2665'],
  proofs: ['alive', 'faithful'],
  rule: 'silent-no-op',
  cause: ['updates-undone', 'nothing-moves'],
  change: (trainer) =>
    replacing(trainer, {
      async step() {
        const before = trainer
          .observe()
          .parameters.map(({ variable }) => [variable, tf.clone(variable)] as const);
        const claim = await trainer.step();
        for (const [variable, values] of before) {
          variable.assign(values);
          values.dispose();
        }
        return claim;
      },
    }),
});

import * as tf from '@tensorflow/tfjs-core';
import { defineTrainerFault, replacing } from '../trainer-fault.ts';

export default defineTrainerFault({
  breaks: 'The old weights are restored after each step, so nothing is learned although the loss is printed.',
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

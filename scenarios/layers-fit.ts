/** A typical `model.fit` call: shuffling, validation, an unseeded Dropout and a schedule in a callback. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { classifier, examples } from './layers-model/classifier.ts';

export default defineScenario({
  about:
    'model.fit with shuffling, Dropout, BatchNorm and a schedule, resumed within an epoch and at the end of one',
  plan: { steps: 14, resumeAt: [4, 9], onSoftwareGpu: { steps: 6, resumeAt: 4 } },
  lacks: ['hooks', 'samples'],
  cold: true,
  trainer: (context) =>
    layersTrainer(context, {
      build: () => classifier(tf.train.momentum(0.05, 0.9)),
      async loop(model) {
        const { xs, ys } = examples(0, 30);
        await model.fit(xs, ys, {
          batchSize: 8,
          epochs: 100,
          validationSplit: 0.2,
          verbose: 0,
          callbacks: {
            onEpochEnd: async (epoch) =>
              (model.optimizer as tf.MomentumOptimizer).setLearningRate(0.05 / (epoch + 2)),
          },
        });
      },
    }),
});

/** `model.fitDataset` on a dataset that shuffles itself, with an optimizer that TensorFlow.js cannot save. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { classifier, examples } from './layers-model/classifier.ts';

/** The part of a tfjs-data dataset that `fitDataset` uses. */
const dataset = {
  async iterator() {
    const order = Array.from(tf.util.createShuffledIndices(5));
    return {
      async next() {
        const at = order.shift();
        if (at === undefined) return { value: null, done: true };
        const { xs, ys } = examples(at * 8, 8);
        return { value: { xs, ys }, done: false };
      },
    };
  },
};

export default defineScenario({
  about: 'model.fitDataset with Adamax and a dataset that is reshuffled each epoch',
  plan: { steps: 12, resumeAt: 7, onSoftwareGpu: { steps: 8, resumeAt: 6 } },
  lacks: ['hooks', 'samples'],
  trainer: (context) =>
    layersTrainer(context, {
      build: () => classifier(tf.train.adamax(0.01)),
      loop: (model) => model.fitDataset(dataset as never, { epochs: 100, verbose: 0 }),
    }),
});

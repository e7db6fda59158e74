/** SGD in TensorFlow.js 4.22 ignores a learning rate assigned to `learningRate` until it is resumed. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about:
    'SGD whose learningRate was assigned, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples', 'slots'],
  expect: ['counters-not-restored', 'applied-learning-rate-differs', 'updates-differ'],
  trainer: (context) =>
    throughTensorFlow(context, () => Object.assign(tf.train.sgd(0.1), { learningRate: 0.02 })),
});

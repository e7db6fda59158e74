/** TensorFlow.js 4.22 does not save Adam’s accumulated powers of beta; it recomputes them with different rounding. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about: 'Adam, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples'],
  expect: ['counters-not-restored'],
  trainer: (context) => throughTensorFlow(context, () => tf.train.adam(0.01)),
});

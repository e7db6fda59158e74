import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about: 'Centered RMSProp, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples'],
  // TensorFlow.js subtracts epsilon under the root: with 1e-7, gradients below 1e-3 would train to NaN.
  trainer: (context) => throughTensorFlow(context, () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-12, true)),
});

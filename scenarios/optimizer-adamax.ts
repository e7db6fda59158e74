/** TensorFlow.js 4.22 cannot save Adamax. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about: 'Adamax, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples'],
  expect: ['save-failed'],
  trainer: (context) => throughTensorFlow(context, () => tf.train.adamax(0.01)),
});

/** TensorFlow.js 4.22 subtracts epsilon under the root of centered RMSProp, so a zero gradient trains to NaN. */
import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about:
    'Centered RMSProp with a feature that is always zero, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples'],
  expect: ['not-finite'],
  trainer: (context) =>
    throughTensorFlow(context, () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-7, true), { emptyFeatures: 1 }),
});

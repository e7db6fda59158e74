import * as tf from '@tensorflow/tfjs-core';
import { defineScenario } from '../harness/index.ts';
import { PLAN, throughTensorFlow } from './layers-model/classifier.ts';

export default defineScenario({
  about: 'Adagrad, saved by model.save({ includeOptimizer: true }) and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples'],
  trainer: (context) => throughTensorFlow(context, () => tf.train.adagrad(0.05)),
});

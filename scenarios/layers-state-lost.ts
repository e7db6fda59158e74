/** The stateful RNN saved by TensorFlow.js alone: model.save keeps neither the RNN's state nor that of Math.random. */
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { byTensorFlow } from './layers-model/classifier.ts';
import { PLAN, read, reader } from './layers-model/sequence.ts';

export default defineScenario({
  about: 'A stateful GRU and an unseeded Dropout, saved by model.save and resumed by loadLayersModel',
  plan: PLAN,
  lacks: ['hooks', 'samples', 'slots'],
  expect: ['buffers-not-restored', 'random-not-restored', 'loss-differs'],
  trainer: (context) =>
    layersTrainer(context, {
      build: reader,
      loop: (model, batches) => read(model, batches, context.plan.steps),
      files: byTensorFlow,
    }),
});

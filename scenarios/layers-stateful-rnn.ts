/** A stateful RNN saved by the harness. Its state is neither a weight nor an optimizer slot. */
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { PLAN, read, reader } from './layers-model/sequence.ts';

export default defineScenario({
  about: 'A stateful GRU and an unseeded Dropout, saved by the harness itself',
  plan: PLAN,
  lacks: ['hooks', 'samples', 'slots'],
  trainer: (context) =>
    layersTrainer(context, {
      build: reader,
      loop: (model) => read(model, 0, context.plan.steps),
    }),
});

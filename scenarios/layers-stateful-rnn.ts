/** A stateful RNN, whose state is neither a weight nor an optimizer's slot, by the harness' own checkpoint. */
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { PLAN, read, reader } from './layers-model/sequence.ts';

export default defineScenario({
  about: 'A stateful GRU and an unseeded Dropout, saved by the harness’ own checkpoint',
  plan: PLAN,
  lacks: ['hooks', 'images', 'slots'],
  trainer: (context) =>
    layersTrainer(context, {
      build: reader,
      loop: (model) => read(model, 0, context.plan.steps),
    }),
});

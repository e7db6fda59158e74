/** Proves the save and the load of the program. The harness finds the weights and the optimizer by itself. */
import { defineScenario, layersTrainer } from 'resumeproof';
import { BATCHES_PER_EPOCH, build, load, save, train } from '../src/model.ts';

const EPOCHS = 4;

export default defineScenario({
  about: 'A LayersModel, trained by fit, saved by model.save between two epochs',
  // A step is a batch. This program saves only between two epochs.
  plan: { steps: EPOCHS * BATCHES_PER_EPOCH, resumeAt: 2 * BATCHES_PER_EPOCH },
  lacks: ['hooks', 'samples'],
  trainer: (context) =>
    layersTrainer(context, {
      build,
      loop: (model, batches) => train(model, batches / BATCHES_PER_EPOCH, EPOCHS),
      files: {
        save: (path, model, batches) => save(path, model, batches / BATCHES_PER_EPOCH),
        async load(path) {
          const { model, epochs } = await load(path);
          return { models: model, batches: epochs * BATCHES_PER_EPOCH };
        },
      },
    }),
});

/** Two models that train against each other by `trainOnBatch`, each with an optimizer of its own. */
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { adversaries, contest } from './layers-model/adversaries.ts';

export default defineScenario({
  about: 'A GAN: trainOnBatch in turn, RMSProp and Adam, a frozen layer, a custom layer and a custom loss',
  plan: { steps: 12, resumeAt: [5, 8], onSoftwareGpu: { steps: 8, resumeAt: 5 } },
  lacks: ['hooks', 'images'],
  trainer: (context) =>
    layersTrainer(context, {
      build: adversaries,
      loop: (models) => contest(models, context.plan.steps),
    }),
});

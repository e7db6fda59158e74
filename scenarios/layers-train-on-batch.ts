/** Two models train against each other with `trainOnBatch`, each with its own optimizer. */
import { defineScenario, layersTrainer } from '../harness/index.ts';
import { adversaries, contest } from './layers-model/adversaries.ts';

export default defineScenario({
  about: 'A GAN: alternating trainOnBatch calls, RMSProp and Adam, a frozen layer, a custom layer and loss',
  plan: { steps: 12, resumeAt: [5, 8], onSoftwareGpu: { steps: 8, resumeAt: 5 } },
  lacks: ['hooks', 'samples'],
  trainer: (context) =>
    layersTrainer(context, {
      build: adversaries,
      loop: (models) => contest(models, context.plan.steps),
    }),
});

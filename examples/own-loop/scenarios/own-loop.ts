/** Shows the harness where the trainer keeps its state. The trainer itself knows nothing of this file. */
import { defineScenario } from 'resumeproof';
import { start } from '../src/trainer.ts';

export default defineScenario({
  about: 'A loop of my own: AdaBelief, stepped in gradient hooks',
  plan: { steps: 12, resumeAt: 6 },
  // It draws no samples. Learning rates inside updates are measured only in resumeproof's own Optimizer.
  lacks: ['samples', 'learning-rates'],
  async trainer({ checkpoint }) {
    const trainer = await start(checkpoint);
    return {
      step: () => trainer.step(),
      save: (path) => trainer.save(path),
      observe: () => ({
        parameters: [...trainer.trained].map(([name, { weight }]) => ({ name, variable: weight })),
        slots: [...trainer.trained].flatMap(([parameter, { mean, spread }]) => [
          { slot: 'mean', parameter, tensor: mean },
          { slot: 'spread', parameter, tensor: spread },
        ]),
        counters: { steps: trainer.steps },
        random: { rows: String(trainer.random) },
      }),
    };
  },
});

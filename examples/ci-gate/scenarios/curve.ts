/** The gate runs every scenario in this folder. */
import { defineScenario, variablesTrainer } from 'resumeproof';
import { build, trainOnBatch } from '../src/program.ts';

export default defineScenario({
  about: 'A curve, fitted by minimize, resumed twice',
  plan: { steps: 12, resumeAt: [4, 8] },
  lacks: ['hooks', 'samples', 'batches'],
  trainer: (context) =>
    variablesTrainer(context, {
      build,
      // The loop can begin at any step. All it needs from before is the number of that step.
      continues: true,
      async loop(program, hold, done) {
        await hold();
        for (let step = done; ; step += 1) await hold({ loss: await trainOnBatch(program, step) });
      },
    }),
});

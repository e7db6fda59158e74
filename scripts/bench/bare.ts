/** Runs a scenario's trainer without the harness: opens the backend, steps, and sends each step's milliseconds. */
import { openBackend } from '../../harness/backend/backend.ts';
import type { Job } from '../../harness/run/job.ts';
import type { Scenario } from '../../harness/training/trainer.ts';

const { file, backend, role, seed, plan } = JSON.parse(process.argv[2]!) as Job;
const { default: scenario } = (await import(file)) as { default: Scenario };
const opened = await openBackend(backend);
const trainer = await scenario.trainer({
  role,
  seed,
  plan,
  images: undefined,
  checkpoint: undefined,
  weightsOnly: false,
});
for (let step = 0; step < plan.steps; step += 1) {
  const start = performance.now();
  await trainer.step();
  // The loss is ready before the update is done; reading a weight waits for the update.
  await trainer.observe().parameters.at(-1)!.variable.data();
  process.send!(performance.now() - start);
}
opened.assertStillActive();
process.exit();

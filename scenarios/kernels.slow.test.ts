import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../harness/backend/backend.ts';
import { observeKernels } from '../harness/backend/observe-kernels.ts';
import { createProbe } from '../harness/probe/probe.ts';
import { findScenarios, importScenario, planScenario } from '../harness/run/scenario.ts';
import { planOf } from '../harness/trace/history.ts';
import { COVERED } from '../harness/verify/cases.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-kernels-'));
  // The only backend that lacks no kernel.
  await openBackend('cpu');
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const scenarios = [...(await findScenarios(import.meta.dirname))];

test.each(scenarios)('%s uses only kernels that the verification has cases for', async (name, file) => {
  const scenario = await importScenario(file);
  const plan = planOf(planScenario(name, file, scenario).history);
  const used = new Set<string>();
  let moved = false;
  const stop = observeKernels(({ kernel }) => used.add(kernel));
  try {
    const context = { role: 'control', seed: 0, plan, images: undefined, checkpoint: undefined } as const;
    const trainer = await scenario.trainer({ ...context, weightsOnly: false });
    const probe = createProbe(trainer, path.join(scratch, name), () => {});
    await probe.state('start', 0);
    // At least four steps, and as many as it takes to reach an update.
    let step = 1;
    for (; step <= plan.steps && (step <= 4 || !moved); step += 1) {
      moved = (await probe.step(step)).changed.some(Boolean) || moved;
    }
    await probe.sample('save', step - 1);
    await probe.state('save', step - 1);
    // Some optimizers cannot be saved; their scenarios show that.
    await trainer.save(path.join(scratch, `${name}-checkpoint`)).catch(() => {});
  } finally {
    stop();
  }
  expect(moved, 'it trained').toBe(true);
  expect([...used].filter((kernel) => !COVERED.has(kernel))).toEqual([]);
});

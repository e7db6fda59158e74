/** Random healthy trainers: whatever they are put together of, their resume is proven. */
import { rm } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../harness/backend/backend.ts';
import type { BackendRecord } from '../../harness/trace/schema.ts';
import { healthyTrainers } from './testing/arbitrary.ts';
import { alarmOf, prove, scratchFolder } from './testing/prove.ts';

const SEED = 4;
const TRAINERS = 60;

let scratch: string;
let backend: BackendRecord;
beforeAll(async () => {
  scratch = await scratchFolder();
  backend = (await openBackend('wasm')).record;
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test(`none of ${TRAINERS} random healthy trainers is flagged, and few are left open`, async () => {
  let open = 0;
  const property = fc.asyncProperty(healthyTrainers, async (healthy) => {
    const judgement = await prove(healthy, backend, scratch);
    const alarm = alarmOf(judgement);
    if (alarm === 'open') open += 1;
    if (alarm === 'false alarm') {
      const findings = judgement.findings.map(({ rule, sentence }) => `  ${rule}: ${sentence}`);
      throw new Error(`a healthy trainer is ${judgement.outcome}:\n${findings.join('\n')}`);
    }
    // Else the thousands of the bench would not fit into memory.
    expect(tf.memory().numTensors, 'tensors left behind').toBe(0);
  });
  // Its message tells the seed, the smallest trainer that is flagged, and what is found in it.
  await fc.assert(property, { seed: SEED, numRuns: TRAINERS });
  expect(open, 'trainers of which nothing can be told').toBeLessThanOrEqual(TRAINERS / 20);
});

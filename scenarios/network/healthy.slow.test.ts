/** Random healthy trainers: their resumes are proven, whatever parts they consist of. */
import { rm } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBackend } from '../../harness/backend/backend.ts';
import type { BackendRecord } from '../../harness/trace/schema.ts';
import { type Healthy, healthyTrainers } from './testing/arbitrary.ts';
import { alarmOf, prove, scratchFolder } from './testing/prove.ts';

const SEED = 4;
const TRAINERS = 60;

/** The trainers that the property draws. */
const DRAWN = fc.sample(healthyTrainers, { seed: SEED, numRuns: TRAINERS });

let scratch: string;
let backend: BackendRecord;
beforeAll(async () => {
  scratch = await scratchFolder();
  backend = (await openBackend('wasm')).record;
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test(`none of ${TRAINERS} random healthy trainers is flagged, and few are inconclusive`, async () => {
  let open = 0;
  const property = fc.asyncProperty(healthyTrainers, async (healthy) => {
    const judgement = await prove(healthy, backend, scratch);
    const alarm = alarmOf(judgement);
    if (alarm === 'open') open += 1;
    if (alarm === 'false alarm') {
      const findings = judgement.findings.map(({ rule, sentence }) => `  ${rule}: ${sentence}`);
      throw new Error(`a healthy trainer is ${judgement.outcome}:\n${findings.join('\n')}`);
    }
    // The bench runs thousands of trainers, which must fit into memory.
    expect(tf.memory().numTensors, 'tensors left behind').toBe(0);
  });
  // A failure shows the seed, the smallest flagged trainer and its findings.
  await fc.assert(property, { seed: SEED, numRuns: TRAINERS });
  expect(open, 'inconclusive trainers').toBeLessThanOrEqual(TRAINERS / 20);
});

/** The property proves something about these only if it draws them. */
const KINDS: Readonly<Record<string, (healthy: Healthy) => unknown>> = {
  optimizer: ({ optimizer }) => optimizer,
  'master weights': ({ masterWeights }) => masterWeights,
  fused: ({ fused }) => fused,
  accumulate: ({ accumulate }) => accumulate,
  'saved in mid-accumulation': ({ accumulate, plan }) => plan.resumeAt.some((step) => step % accumulate > 0),
  resumes: ({ plan }) => plan.resumeAt.length,
  'resumed after step 1': ({ plan }) => plan.resumeAt[0] === 1,
  'resumed after the last step': ({ plan }) => plan.resumeAt.at(-1) === plan.steps,
  layers: ({ network }) => network.hidden.length,
  images: ({ network }) => network.images,
  tied: ({ network }) => network.tied,
  normalised: ({ network }) => network.normalised,
  dropout: ({ network }) => network.dropout > 0,
  adapters: ({ network, adaptersAlone }) => `${network.adapters} ${adaptersAlone}`,
  frozen: ({ frozen }) => frozen.length,
  groups: ({ grouped }) => grouped,
  schedule: ({ schedule: { zero, warmup, until } }) => `${zero > 0} ${warmup > 0} ${until !== undefined}`,
  'ends at learning rate 0': ({ schedule: { zero, warmup, until }, plan }) =>
    until !== undefined && zero + warmup + until < plan.steps,
  shuffle: ({ shuffle }) => typeof shuffle === 'object' || shuffle,
  'several epochs': ({ batch, plan, network }) => batch * plan.steps > 256 * network.images,
  clipping: ({ maxGradNorm }) => maxGradNorm,
  EMA: ({ ema }) => ema,
  'loss scale': ({ lossScale }) => lossScale === undefined,
  'new variables': ({ replaceVariables }) => replaceVariables,
};
const COUNTS = { optimizer: 5, fused: 3, accumulate: 3, resumes: 4, layers: 4, images: 4, adapters: 6 };

test.each(Object.keys(KINDS))('trainers of every kind are drawn: %s', (kind) => {
  const drawn = new Set(DRAWN.map(KINDS[kind]!));
  expect(drawn.size, [...drawn].join(', ')).toBeGreaterThanOrEqual(
    (COUNTS as Record<string, number>)[kind] ?? 2,
  );
});

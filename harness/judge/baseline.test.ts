import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trace } from '../report/testing/build.ts';
import type { Trace } from '../trace/schema.ts';
import { baselineChanges, baselineOf, baselineSchema } from './baseline.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resumeproof-baseline-'));
});
afterAll(() => rm(folder, { recursive: true }));

const END = {
  kind: 'end',
  step: 30,
  seconds: { startup: 0, training: 0, probing: 0, sampling: 0 },
} as const;

/** A control of 30 steps with one sample, whose last step is changed. */
async function control(change: (step: Trace['steps'][number]) => object = () => ({})): Promise<Trace> {
  const made = await trace(folder, {
    role: 'control',
    steps: [1, 30],
    samples: [{ at: 'end', step: 30, name: 'cat', image: 1 }],
  });
  const steps = made.steps.map((step, at) => (at === 29 ? { ...step, ...change(step) } : step));
  return { ...made, end: END, steps };
}

test('a control equals its own baseline, through its file too', async () => {
  const own = await control();
  const baseline = baselineSchema.parse(JSON.parse(JSON.stringify(baselineOf('own', own))));
  expect(baselineChanges(baseline, own)).toEqual([]);
});

test('another norm, parameter, sample or length is told; the last digits are not', async () => {
  const baseline = baselineOf('own', await control())!;
  const changed = await control(({ l2 }) => ({ l2: l2.map((norm, at) => (at === 2 ? norm * 1.01 : norm)) }));
  expect(baselineChanges(baseline, changed)).toEqual([
    expect.stringMatching(/^1 of 4 parameters ends with another norm: 'p2' with 3\.\d+ instead of 3\.\d+$/),
  ]);
  const renamed = await control(() => ({ names: ['p0', 'p1', 'p2', 'head'] }));
  expect(baselineChanges(baseline, renamed)).toEqual([
    "new parameters: 'head'",
    "parameters that are gone: 'p3'",
  ]);
  const own = await control();
  const redrawn = { ...own, samples: own.samples.map((sample) => ({ ...sample, digest: 'f'.repeat(64) })) };
  expect(baselineChanges(baseline, redrawn)).toEqual(["the only sample changed: 'cat'"]);
  expect(baselineChanges({ ...baseline, steps: 20 }, own)).toEqual(['it trains 30 steps instead of 20']);
  const { end: _, ...unended } = own;
  expect(baselineChanges(baseline, { ...unended, end: undefined })).toEqual([
    'the control did not end, or has norms that are not finite',
  ]);
  await fc.assert(
    fc.asyncProperty(fc.double({ min: -1e-8, max: 1e-8, noNaN: true }), async (share) => {
      const near = await control(({ l2 }) => ({ l2: l2.map((norm) => norm * (1 + share)) }));
      expect(baselineChanges(baseline, near)).toEqual([]);
    }),
    { numRuns: 10 },
  );
});

test('where equal programs need not give equal bits, noise is no change', async () => {
  const own = await control(({ l2 }) => ({ l2: l2.map((norm) => norm * 1.0001) }));
  const run = { ...own.run!, backend: { ...own.run!.backend, deterministic: false } };
  const samples = own.samples.map((sample) => ({ ...sample, digest: 'f'.repeat(64) }));
  const baseline = baselineOf('own', await control())!;
  expect(baselineChanges(baseline, { ...own, run, samples })).toEqual([]);
  expect(baselineChanges(baseline, own)).toHaveLength(1);
});

test('a control that did not end, or whose norms are not finite, is no baseline', async () => {
  const own = await control();
  expect(baselineOf('own', { ...own, end: undefined })).toBeUndefined();
  expect(baselineOf('own', await control(({ l2 }) => ({ l2: l2.map(() => Number.NaN) })))).toBeUndefined();
});

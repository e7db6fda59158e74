import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { curves, thin } from './series.ts';
import { trace } from './testing/build.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-series-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('thinning keeps order, both ends, every extreme and a point of every gap, within its limit', () => {
  const value = fc.oneof(
    { weight: 9, arbitrary: fc.float({ noNaN: true }) },
    { weight: 1, arbitrary: fc.constant(Number.NaN) },
  );
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300, size: 'max' }),
      fc.integer({ min: 12, max: 60 }),
      (values, limit) => {
        const points = values.map((v, i) => ({ step: i + 1, value: v }));
        const kept = thin(points, limit);
        const steps = kept.map(({ step }) => step);
        expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 14));
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        const finite = (list: typeof points) => list.map((p) => p.value).filter((v) => !Number.isNaN(v));
        expect(Math.min(...finite([...kept]))).toBe(Math.min(...finite(points)));
        expect(Math.max(...finite([...kept]))).toBe(Math.max(...finite(points)));
        expect(kept.some((p) => Number.isNaN(p.value))).toBe(values.some(Number.isNaN));
      },
    ),
  );
});

test('the notes describe a frozen resume: learning rate and update zero, loss unlike the control’s', async () => {
  const traces = [
    await trace(folder, { role: 'after', segment: 1, steps: [16, 30], frozen: true }),
    await trace(folder, { role: 'before', steps: [1, 15] }),
    await trace(folder, { role: 'control', steps: [1, 30] }),
  ];
  const all = curves(traces);
  const said = Object.fromEntries(
    all.map(({ title, series }) => [title, series.map((s) => `${s.label}: ${s.note}`)]),
  );
  expect(said['Norm of the update']).toEqual([
    'control: ',
    'before: equals the control',
    expect.stringMatching(
      /^after resume 1: zero at all 15 steps; differs from the control by up to \S+, at step 16$/,
    ),
  ]);
  expect(said['Learning rate, as logged']?.[2]).toBe(
    'after resume 1: 0.01 at all 15 steps; equals the control',
  );
  expect(said['Learning rate, inside the update']?.[2]).toMatch(/zero at all 15 steps/);
  expect(said['Hook calls in a step']?.[2]).toBe('after resume 1: 4 at all 15 steps; equals the control');
  expect(said['Norm of all parameters']?.[2]).toMatch(/differs from the control by up to .* at step 30$/);
});

test('values that cannot be drawn are gaps and are counted', async () => {
  const one = await trace(folder, { role: 'control', steps: [1, 4] });
  const values = [1, Number.NaN, Number.POSITIVE_INFINITY, 1.7e308];
  const steps = one.steps.map((s, i) => ({ ...s, claimed: { ...s.claimed, loss: values[i]! } }));
  const [loss] = curves([{ ...one, steps }]);
  expect(loss?.series[0]?.note).toBe('no finite value at 3 steps, first 2');
  expect(curves([{ ...one, steps: [] }])).toEqual([]);
});

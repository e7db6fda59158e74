import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trace } from '../trace/schema.ts';
import { parameterMap, thinValues } from './parameters.ts';
import { CODES, codeOf, factorOf, strengthOf } from './ratio.ts';
import { trace } from './testing/build.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-parameters-'));
});
afterAll(() => rm(folder, { recursive: true }));

const norm = fc.oneof(fc.double({ min: 0, max: 1e30, noNaN: true }), fc.constant(0), fc.constant(Number.NaN));

test('a code is 0 for equal norms only, has the sign of their difference, and is within a semitone of their ratio', () => {
  fc.assert(
    fc.property(norm, norm, (own, control) => {
      const code = codeOf(own, control);
      const factor = factorOf(code);
      expect(Int8Array.of(code)[0]).toBe(code);
      if (Number.isNaN(own) || Number.isNaN(control)) expect(code).toBe(CODES.unknown);
      else if (own === 0 || control === 0)
        expect(code).toBe(own === control ? CODES.still : own === 0 ? CODES.stalled : CODES.moves);
      else {
        expect(Math.sign(code)).toBe(Math.sign(own - control));
        const octaves = Math.log2(own) - Math.log2(control);
        if (Math.abs(octaves) < 10)
          expect(Math.abs(Math.log2(factor!) - octaves)).toBeLessThanOrEqual(1 / 12 + 1e-9);
      }
    }),
    {
      examples: [
        [1, 1 + Number.EPSILON],
        [1, 1 - Number.EPSILON],
        [5e-324, 5e-324],
      ],
    },
  );
  // What stalls or appears is stronger than any ratio, and a ratio than what cannot be compared.
  const strengths = [CODES.unknown, 0, -3, 120, CODES.stalled].map(strengthOf);
  expect(strengths).toEqual([...strengths].sort((a, b) => a - b));
});

/** The traces of a run of 30 steps, resumed after 15, in which the resumed process does something at one step. */
async function runWith(change: (step: Trace['steps'][number]) => Trace['steps'][number]): Promise<Trace[]> {
  const control = await trace(folder, { role: 'control', steps: [1, 30] });
  const before = await trace(folder, { role: 'before', steps: [1, 15] });
  const after = await trace(folder, { role: 'after', segment: 1, steps: [16, 30] });
  return [control, before, { ...after, steps: after.steps.map(change) }];
}

test('a column is a step of a process; a parameter that stalls at one step is seen however few columns there are', async () => {
  const traces = await runWith((step) =>
    step.step === 21 ? { ...step, updateL2: step.updateL2.map((value, at) => (at === 2 ? 0 : value)) } : step,
  );
  for (const columns of [600, 10, 4]) {
    const map = parameterMap(traces, columns, { parameters: 100, columns })!;
    expect(map.names).toEqual(['p0', 'p1', 'p2', 'p3']);
    expect(map.runs.map(({ label, firstStep, lastStep }) => [label, firstStep, lastStep])).toEqual([
      ['before', 1, 15],
      ['after resume 1', 16, 30],
    ]);
    const width = map.steps.length;
    expect(width).toBeLessThanOrEqual(columns + 2);
    const stalled = [...map.codes].flatMap((code, at) => (code === CODES.stalled ? [at] : []));
    expect(stalled.map((at) => Math.floor(at / width))).toEqual([2]);
    const column = stalled[0]! % width;
    expect(map.steps[column]!).toBeLessThanOrEqual(21);
    expect(map.steps[column]! + map.every).toBeGreaterThan(21);
    expect([...map.codes].filter((code) => code !== 0)).toHaveLength(1);
    // The kept values are those of the step that departs.
    const { values } = map;
    const own = values!.interrupted.slice(2 * width, 3 * width);
    expect([...own].filter((value) => value === 0)).toHaveLength(1);
  }
});

test('parameters that change their order or come later keep their rows', async () => {
  const traces = await runWith((step) => ({
    ...step,
    names: ['p3', 'p2', 'p1', 'new'],
    updateL2: [3, 2, 1, 9].map((value) => value),
  }));
  const [control, ...rest] = traces as [Trace, ...Trace[]];
  const steps = control.steps.map((step) => ({ ...step, updateL2: [0, 1, 2, 3] }));
  const map = parameterMap([{ ...control, steps }, ...rest], 0)!;
  const last = map.names.map((_, row) => map.codes[(row + 1) * map.steps.length - 1]);
  expect(last).toEqual([CODES.unknown, 0, 0, 0]);
  expect(map.values).toBeNull();
});

test('thinning values keeps the step that departs most, of each parameter', async () => {
  const traces = await runWith((step) =>
    step.step === 27 ? { ...step, updateL2: step.updateL2.map((value) => value * 8) } : step,
  );
  const { values, names } = parameterMap(traces, 1000)!;
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), (limit) => {
      const thin = thinValues(values!, limit)!;
      const width = thin.steps.length;
      expect(width).toBeLessThanOrEqual(Math.max(limit + 2, 2));
      names.forEach((_, row) => {
        const ratios = Array.from({ length: width }, (_column, at) => {
          const index = row * width + at;
          return thin.interrupted[index]! / thin.control[index]!;
        });
        expect(Math.max(...ratios)).toBeCloseTo(8, 5);
      });
    }),
  );
  expect(thinValues(values!, 0)).toBeNull();
});

test('without a control or without steps there is no map', async () => {
  const [control, before] = (await runWith((step) => step)) as [Trace, Trace];
  expect(parameterMap([before], 10)).toBeNull();
  expect(parameterMap([control], 10)).toBeNull();
});

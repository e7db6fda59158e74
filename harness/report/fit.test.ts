import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Detail, ParameterMap } from './data.ts';
import { fitting } from './fit.ts';
import { packDetail, unpackDetail } from './pack.ts';
import { detailIn } from './testing/page-text.ts';

/** A map of so many parameters and steps, with noise that does not compress. */
function noisy(parameters: number, steps: number, interrupted = Math.random): ParameterMap {
  const columns = Array.from({ length: steps }, (_, at) => at + 1);
  const run = { process: 'after-1', label: 'after resume 1', firstStep: 1, lastStep: steps, columns: steps };
  const values = (of: () => number): Float32Array =>
    Float32Array.from({ length: 3 * parameters * steps }, of);
  return {
    names: Array.from({ length: parameters }, (_, at) => `p${at}`),
    groups: Array(parameters).fill(null),
    more: 0,
    runs: [run],
    steps: columns,
    every: 1,
    codes: Int8Array.from({ length: parameters * steps }, (_, at) => at % 100),
    values: {
      runs: [run],
      steps: columns,
      every: 1,
      control: values(Math.random),
      interrupted: values(interrupted),
    },
  };
}

const detail = (parameters: ParameterMap | null): Detail => ({
  trend: [],
  about: '',
  caveats: [],
  facts: [],
  noise: null,
  steps: 10,
  findings: [],
  processes: [],
  resumeAt: [5],
  curves: [
    {
      title: 'Loss',
      series: [
        {
          role: 'control',
          label: 'control',
          note: '',
          points: [
            { step: 1, value: 0.1 },
            { step: 2, value: Number.NaN },
          ],
        },
      ],
    },
  ],
  parameters,
  samples: [],
  moreSamples: 0,
  images: { 'image-1': 'data:image/png;base64,AA==' },
  runs: [],
  moreRuns: 0,
});

test('what is packed is unpacked to the bit', () => {
  const float = fc.float();
  fc.assert(
    fc.property(fc.array(fc.tuple(float, float), { minLength: 1, maxLength: 50 }), (pairs) => {
      const map = noisy(1, pairs.length);
      const triple = (at: 0 | 1): Float32Array =>
        Float32Array.from([0, 1, 2].flatMap(() => pairs.map((pair) => pair[at])));
      const values = { ...map.values!, control: triple(0), interrupted: triple(1) };
      const own = detail({ ...map, values });
      expect(unpackDetail(packDetail(own))).toEqual(own);
    }),
  );
});

const read = (data: string | undefined): Detail => detailIn(data!);

test('a page keeps within its limit: proven scenarios lose values first, and none is lost', async () => {
  const limit = 350_000;
  const fitted = fitting(limit);
  const names = Array.from({ length: 24 }, (_, at) => `${at % 3 === 0 ? 'red' : 'green'}-${at}`);
  await Promise.all(names.map((name) => fitted.add(name, name.startsWith('green'), detail(noisy(20, 100)))));
  const texts = names.map((name) => fitted.read(name)!);
  expect(texts.reduce((sum, text) => sum + text.length, 0)).toBeLessThanOrEqual(limit);
  const kept = names.map((name, at) => [
    name.split('-')[0],
    read(texts[at]).parameters?.values?.steps.length ?? 0,
  ]);
  for (const [kind, steps] of kept) {
    if (kind === 'green') expect(steps).toBe(0);
    else expect(steps).toBeGreaterThan(0);
  }
  expect(fitted.reduced()).toBeGreaterThan(0);
  // All that is shown in words is there, and the images of what is not proven.
  for (const text of texts) expect(read(text)).toMatchObject({ resumeAt: [5] });
  names.forEach((name, at) => {
    if (name.startsWith('red')) expect(Object.keys(read(texts[at]).images)).toEqual(['image-1']);
  });
});

test('a page with room keeps all', async () => {
  const fitted = fitting();
  await fitted.add('one', true, detail(noisy(4, 10)));
  expect(fitted.reduced()).toBe(0);
  expect(read(fitted.read('one')).parameters?.values?.steps).toHaveLength(10);
  expect(fitted.read('other')).toBeUndefined();
});

import fc from 'fast-check';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { curveFigure } from './curves.ts';
import type { Point, Series } from './series.ts';

const draw = (points: readonly Point[], resumeAt: readonly number[] = []) => {
  const series: Series = { role: 'after', label: 'after resume 1', points, note: '' };
  return renderToString(curveFigure({ title: 'Loss', series: [series] }, 30, resumeAt) as VNode);
};
const along = (values: readonly number[]) => values.map((value, i) => ({ step: i + 1, value }));
const heights = (svg: string) => [...svg.matchAll(/cy="([^"]*)"/g)].map(([, y]) => Number(y));

test('every value is drawn inside the box and in order', () => {
  const value = fc.oneof(
    fc.double({ min: -1e150, max: 1e150, noNaN: true }),
    fc.double({ min: 0, max: 1 }),
    fc.constantFrom(0, -0, 5e-324, 1, Number.NaN),
  );
  fc.assert(
    fc.property(fc.array(value, { maxLength: 40 }), (values) => {
      const svg = draw(along(values), [1, 3, 1e9]);
      const drawn = values.filter((v) => !Number.isNaN(v));
      const ys = heights(svg);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      expect(ys).toHaveLength(drawn.length);
      for (const y of ys) expect(y >= 0 && y <= 170, `y = ${y}`).toBe(true);
      const byValue = drawn.map((v, i) => ({ v, y: ys[i]! })).sort((a, b) => a.v - b.v);
      for (const [i, { y }] of byValue.entries())
        expect(y).toBeLessThanOrEqual((byValue[i - 1]?.y ?? 170) + 0.2);
    }),
    { examples: [[[-5e-324, 5e-324]], [[1, 1 + Number.EPSILON]]] },
  );
});

test('logarithmic from two decades on, with zero set apart; linear below or with a sign', () => {
  expect(draw(along([1, 99]))).not.toContain('logarithmic');
  expect(draw(along([-1, 1, 1000]))).not.toContain('logarithmic');
  const svg = draw(along([0, 0.001, 0.1, 10]));
  expect(svg).toContain('logarithmic');
  const [zero, low, middle, high] = heights(svg) as [number, number, number, number];
  expect(low - middle).toBeCloseTo(middle - high, 0);
  expect(zero - low).toBeGreaterThan(10);
});

test('each resume within the run is marked once', () => {
  expect(draw(along([1, 2, 3]), [5, 10, 1e9]).match(/class="mark"/g)).toHaveLength(2);
});

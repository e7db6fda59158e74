import fc from 'fast-check';
import { expect, test } from 'vitest';
import { significantBits, summarize } from './sketch.ts';

test('distinguishes tensors of the same norm that differ in order, or in the sign of one value', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: 16, maxLength: 200 }),
      (values) => {
        const { l2, sketch } = summarize(values);
        const flipped = summarize(values.with(3, -values[3]!));
        expect(flipped.l2).toBe(l2);
        expect(sketch.map((sum, at) => Math.abs(sum - flipped.sketch[at]!))).toEqual(
          new Array(4).fill(2 * values[3]!),
        );
        expect(summarize([...values].reverse()).sketch).not.toEqual(sketch);
      },
    ),
  );
});

test('the signs are balanced, and the signs of different sums are independent', () => {
  const length = 20_000;
  const unit = new Float32Array(length);
  const signs = [0, 1, 2, 3].map(() => new Float64Array(length));
  // Read the sign of each of the first values from a short array. Later values do not affect it.
  for (let i = 0; i < 400; i++) {
    unit[i] = 1;
    summarize(unit.subarray(0, i + 1)).sketch.forEach((sum, at) => {
      signs[at]![i] = sum;
    });
    unit[i] = 0;
  }
  const product = (a: number, b: number): number =>
    signs[a]!.reduce((sum, sign, i) => sum + sign * signs[b]![i]!, 0);
  for (let a = 0; a < 4; a++) {
    // Five standard deviations of 400 fair coins.
    expect(Math.abs(signs[a]!.reduce((sum, sign) => sum + sign, 0))).toBeLessThan(100);
    for (let b = 0; b < a; b++) expect(Math.abs(product(a, b))).toBeLessThan(100);
  }
  // A constant difference is the most likely bad case. At least one sum must capture its direction.
  for (const sum of summarize(new Float32Array(length).fill(1)).sketch) {
    expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(length));
  }
});

test.each([
  ['float32 in full use', 24, [1 / 3, 0.5]],
  ['half precision', 11, [1 + 2 ** -10, -3, 0]],
  ['bfloat16', 8, [1 + 2 ** -7, 2 ** 100]],
  ['powers of two', 1, [4, -0.25]],
  ['zeros', 0, [0, -0]],
])('%s needs %i significant bits', (_, bits, values) => {
  expect(significantBits(Float32Array.from(values))).toBe(bits);
});

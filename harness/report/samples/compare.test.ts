import { expect, test } from 'vitest';
import { compare } from './compare.ts';

const flat = (width: number, height: number, rgba: readonly number[]) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 4 }, (_, i) => rgba[i % 4]!),
});

test('one level of one channel in one pixel counts, whatever the colour', () => {
  for (const level of [0, 1, 127, 254]) {
    for (const channel of [0, 1, 2]) {
      const a = flat(16, 16, [level, level, level, 255]);
      const b = { ...a, data: a.data.slice() };
      b.data[4 * 37 + channel]! += 1;
      expect(compare(a, b), `level ${level}, channel ${channel}`).toMatchObject({
        differing: 1,
        total: 256,
        widest: 1,
      });
    }
  }
});

test('a pixel of an antialiased edge counts like any other', () => {
  const edge = (grey: number) => ({
    width: 9,
    height: 9,
    data: Uint8Array.from({ length: 9 * 9 * 4 }, (_, i) => {
      const x = Math.floor(i / 4) % 9;
      return i % 4 === 3 || x > 4 ? 255 : x < 4 ? 0 : grey;
    }),
  });
  expect(compare(edge(100), edge(140))).toMatchObject({ differing: 9 });
});

test('equal images, different sizes, and images that differ only in invisible pixels', () => {
  const a = flat(4, 4, [9, 9, 9, 0]);
  expect(compare(a, flat(4, 4, [9, 9, 9, 0]))).toEqual({ kind: 'identical', total: 16 });
  expect(compare(a, flat(4, 5, [9, 9, 9, 0]))).toEqual({ kind: 'sizes', a: '4×4', b: '4×5' });
  expect(compare(a, flat(4, 4, [1, 9, 9, 0]))).toMatchObject({ kind: 'differing', differing: 0 });
});

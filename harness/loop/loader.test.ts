import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Loader, type LoaderOptions } from './loader.ts';

const shuffles: readonly LoaderOptions['shuffle'][] = ['epoch', 'none', { buffer: 3 }];

test('each epoch returns every example once, in a new order', () => {
  const loader = new Loader({ size: 30, seed: 1, shuffle: 'epoch' });
  const epochs = [0, 1].map(() => loader.next(30));
  for (const examples of epochs) expect(new Set(examples).size).toBe(30);
  expect(epochs[0]).not.toEqual(epochs[1]);
  expect(new Loader({ size: 30, seed: 2, shuffle: 'epoch' }).next(30)).not.toEqual(epochs[0]);
});

test('a shuffle buffer returns every example once per epoch, out of order', () => {
  const loader = new Loader({ size: 20, seed: 1, shuffle: { buffer: 5 } });
  const handed = [...loader.next(36), ...loader.state.buffer!];
  expect(handed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, at) => at >> 1));
  expect(handed.slice(0, 20)).not.toEqual(handed.slice(0, 20).toSorted((a, b) => a - b));
});

test('a loader restored at any point returns the same examples as one that never stopped', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1000),
      fc.constantFrom(...shuffles),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }),
      (size, seed, shuffle, counts) => {
        const loader = new Loader({ size, seed, shuffle });
        for (const count of counts) loader.next(count);
        const resumed = new Loader({ size, seed, shuffle });
        resumed.restore(loader.state);
        expect(resumed.state).toEqual(loader.state);
        expect(resumed.next(7)).toEqual(loader.next(7));
      },
    ),
  );
});

test.each([
  { epoch: 0, position: 6 },
  { epoch: -1, position: 0 },
  { epoch: 0, position: 0.5 },
  { epoch: 0, position: 0, buffer: [5] },
  { epoch: 0, position: 0, buffer: [1, 1, 1, 1] },
  { epoch: 0, position: 0, random: 'dice' },
])('a cursor of different data is refused and leaves the loader unchanged: %j', (state) => {
  const loader = new Loader({ size: 5, seed: 1, shuffle: { buffer: 3 } });
  loader.next(2);
  const before = loader.state;
  expect(() => loader.restore(state)).toThrow(/within 5 examples per epoch.*same data|random stream/);
  expect(loader.state).toEqual(before);
});

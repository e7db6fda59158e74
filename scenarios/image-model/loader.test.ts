import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PictureLoader } from './loader.ts';
import type { PictureFolder } from './pictures.ts';

const folderOf = (size: number): PictureFolder => {
  const pictures = Array.from({ length: size }, (_, at) => ({
    id: `${at}.png`,
    label: at % 10,
    pixels: new Float32Array(256).fill(at),
  }));
  return { pictures, order: pictures.map((picture) => ({ id: picture.id, picture })) };
};

test('each epoch hands out every picture once, in another order than the one before', () => {
  const loader = new PictureLoader(folderOf(30), 1);
  const epochs = [0, 1].map(() => loader.next(30).ids);
  for (const ids of epochs) expect(new Set(ids).size).toBe(30);
  expect(epochs[0]).not.toEqual(epochs[1]);
  expect(new PictureLoader(folderOf(30), 2).next(30).ids).not.toEqual(epochs[0]);
});

test('a loader restored at any point goes on as if it had not stopped, pixels and labels too', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.nat(1000),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }),
      (size, seed, counts) => {
        const loader = new PictureLoader(folderOf(size), seed);
        for (const count of counts) loader.next(count);
        const resumed = new PictureLoader(folderOf(size), seed);
        resumed.restore(loader.cursor);
        expect(resumed.cursor).toEqual(loader.cursor);
        expect(resumed.next(7)).toEqual(loader.next(7));
      },
    ),
  );
});

test('a cursor of another folder is refused, and the loader stays where it was', () => {
  const loader = new PictureLoader(folderOf(5), 1);
  loader.next(2);
  for (const cursor of [
    { epoch: 0, position: 6 },
    { epoch: -1, position: 0 },
    { epoch: 0, position: 0.5 },
  ]) {
    expect(() => loader.restore(cursor)).toThrow(/within 5 entries an epoch.*same picture folder/);
  }
  expect(loader.cursor).toEqual({ epoch: 0, position: 2 });
});

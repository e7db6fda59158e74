import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodePng } from '../../harness/probe/png.ts';
import { toPixels } from './images.ts';
import { SIZE } from './model.ts';
import { readSmallPng } from './small-png.ts';

const noise = randomBytes(SIZE * SIZE);
const plain = encodePng(noise, SIZE, SIZE, 1);

test('a small PNG is read as sharp reads it', async () => {
  const small = readSmallPng(plain, SIZE)!;
  expect(small).toEqual(new Uint8Array(noise));
  expect(Float32Array.from(small, (value) => value / 127.5 - 1)).toEqual(await toPixels(sharp(plain)));
});

const flipped = (at: number): Buffer => {
  const bytes = Buffer.from(plain);
  bytes[at]! ^= 1;
  return bytes;
};
const raw = { raw: { width: SIZE, height: SIZE, channels: 1 } } as const;

test.each<[what: string, file: () => Buffer | Promise<Buffer>]>([
  ['of another size', () => encodePng(noise.subarray(0, 128), 8, SIZE, 1)],
  ['with colours', () => encodePng(randomBytes(3 * SIZE * SIZE), SIZE, SIZE, 3)],
  ['whose rows are filtered', () => sharp(noise, raw).png({ adaptiveFiltering: true }).toBuffer()],
  ['that says how to turn it', () => sharp(noise, raw).withMetadata({ orientation: 6 }).png().toBuffer()],
  ['with a damaged header', () => flipped(20)],
  ['with damaged pixels', () => flipped(plain.length - 20)],
  ['that is cut', () => plain.subarray(0, -1)],
  ['that is cut after its pixels', () => plain.subarray(0, -12)],
  ['that is empty', () => Buffer.alloc(0)],
  ['that is no PNG', () => Buffer.from('GIF89a, and more')],
])('a file %s is left to sharp', async (_what, file) => {
  expect(readSmallPng(await file(), SIZE)).toBeUndefined();
});

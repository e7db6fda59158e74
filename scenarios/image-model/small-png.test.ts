import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
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

/** The same header, and rows that start with this filter type. */
function filtered(type: number): Buffer {
  const rows = Buffer.alloc(SIZE * (SIZE + 1), type);
  const data = Buffer.concat([Buffer.from('IDAT'), deflateSync(rows)]);
  const framed = Buffer.alloc(data.length + 8);
  framed.writeUInt32BE(data.length - 4, 0);
  framed.set(data, 4);
  framed.writeUInt32BE(crc32(data), data.length + 4);
  return Buffer.concat([plain.subarray(0, 33), framed, plain.subarray(-12)]);
}

test('rows without a filter are read', () => {
  expect(readSmallPng(filtered(0), SIZE)).toEqual(new Uint8Array(SIZE * SIZE));
});

test.each<[what: string, file: () => Buffer | Promise<Buffer>]>([
  ['of another size', () => encodePng(noise.subarray(0, 128), 8, SIZE, 1)],
  ['with colours', () => encodePng(randomBytes(3 * SIZE * SIZE), SIZE, SIZE, 3)],
  ['whose rows are filtered', () => filtered(1)],
  ['that says how to turn it', () => sharp(noise, raw).withMetadata({ orientation: 6 }).png().toBuffer()],
  ['with a damaged header', () => flipped(20)],
  ['with damaged pixels', () => flipped(plain.length - 20)],
  ['with a wrong checksum', () => flipped(plain.length - 13)],
  ['that is cut', () => plain.subarray(0, -1)],
  ['that is cut after its pixels', () => plain.subarray(0, -12)],
  ['that is empty', () => Buffer.alloc(0)],
  ['that is no PNG', () => Buffer.from('GIF89a, and more')],
])('a file %s is left to sharp', async (_what, file) => {
  expect(readSmallPng(await file(), SIZE)).toBeUndefined();
});

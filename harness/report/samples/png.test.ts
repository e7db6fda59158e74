import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodePng, PNG_SIGNATURE, pngChunk } from '../../trace/png.ts';
import { decode } from './png.ts';

/** Depth, colour type and samples per pixel of all kinds of PNG. */
const KINDS = [
  ...[1, 2, 4, 8, 16].map((depth) => [depth, 0, 1]),
  ...[8, 16].map((depth) => [depth, 2, 3]),
  ...[1, 2, 4, 8].map((depth) => [depth, 3, 1]),
  ...[8, 16].map((depth) => [depth, 4, 2]),
  ...[8, 16].map((depth) => [depth, 6, 4]),
] as [depth: number, colour: number, samples: number][];
/** The columns and rows of the passes of an interlaced image. */
const PASSES = [
  [(x: number) => x % 8 === 0, (y: number) => y % 8 === 0],
  [(x: number) => x % 8 === 4, (y: number) => y % 8 === 0],
  [(x: number) => x % 4 === 0, (y: number) => y % 8 === 4],
  [(x: number) => x % 4 === 2, (y: number) => y % 4 === 0],
  [(x: number) => x % 2 === 0, (y: number) => y % 4 === 2],
  [(x: number) => x % 2 === 1, (y: number) => y % 2 === 0],
  [() => true, (y: number) => y % 2 === 1],
] as const;

const files = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    width: fc.integer({ min: 1, max: 21 }),
    height: fc.integer({ min: 1, max: 21 }),
    interlaced: fc.boolean(),
    keyed: fc.boolean(),
    parts: fc.integer({ min: 1, max: 3 }),
    bytes: fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  })
  .map(({ kind: [depth, colour, samples], width, height, interlaced, keyed, parts, bytes }) => {
    const drawn = (length: number) => Buffer.from(Array.from({ length }, () => bytes.next().value!));
    const header = Buffer.alloc(13);
    header.writeUInt32BE(width, 0);
    header.writeUInt32BE(height, 4);
    header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
    const counted = (length: number, holds: (at: number) => boolean) =>
      Array.from({ length }, (_, at) => at).filter(holds).length;
    const passes = interlaced
      ? PASSES.map(([x, y]) => [counted(width, x), counted(height, y)])
      : [[width, height]];
    const rows = passes.flatMap(([columns, count]) =>
      columns === 0
        ? []
        : Array.from({ length: count! }, () => [
            Buffer.from([drawn(1)[0]! % 5]),
            drawn(Math.ceil((columns! * depth * samples) / 8)),
          ]),
    );
    const compressed = deflateSync(Buffer.concat(rows.flat()));
    const cut = Math.ceil(compressed.length / parts);
    const palette = colour === 3 ? [pngChunk('PLTE', drawn(3 * 2 ** depth))] : [];
    const key = Buffer.alloc(samples * 2);
    for (let at = 0; at < samples; at += 1) key.writeUInt16BE(drawn(1)[0]! % 2 ** Math.min(depth, 2), at * 2);
    const transparent =
      !keyed || colour > 3 ? [] : [pngChunk('tRNS', colour === 3 ? drawn(2 ** (depth - 1)) : key)];
    return Buffer.concat([
      PNG_SIGNATURE,
      pngChunk('IHDR', header),
      pngChunk('tEXt', Buffer.from('Title\0sample')),
      ...palette,
      ...transparent,
      ...Array.from({ length: parts }, (_, at) =>
        pngChunk('IDAT', compressed.subarray(at * cut, (at + 1) * cut)),
      ),
      pngChunk('IEND', Buffer.alloc(0)),
    ]);
  });

test('PNGs of all kinds decode to the pixels that libvips decodes', async () => {
  await fc.assert(
    fc.asyncProperty(files, async (file) => {
      const { width, height, data } = decode(file, 1000);
      const raw = sharp(file).toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' });
      const expected = await raw.toBuffer({ resolveWithObject: true });
      expect([width, height]).toEqual([expected.info.width, expected.info.height]);
      expect(Buffer.from(data).equals(expected.data)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test('a PNG with a byte changed, left out or added is broken', () => {
  const whole = encodePng(
    Uint8Array.from({ length: 7 * 5 * 3 }, (_, at) => at * 37),
    7,
    5,
    3,
  );
  decode(whole, 100);
  const refused = /^(the PNG image is broken|it is not a PNG image)$/;
  for (let at = 0; at < whole.length; at += 1) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 1;
    expect(() => decode(changed, 100), `byte ${at} changed`).toThrow(refused);
    expect(() => decode(whole.subarray(0, at), 100), `cut at ${at}`).toThrow(refused);
  }
});

test('a PNG whose pixels are more or fewer than its header says is broken', () => {
  const file = (bytes: number) =>
    Buffer.concat([
      PNG_SIGNATURE,
      encodePng(new Uint8Array(4), 2, 2, 1).subarray(8, 33),
      pngChunk('IDAT', deflateSync(Buffer.alloc(bytes))),
      pngChunk('IEND', Buffer.alloc(0)),
    ]);
  // Two rows of a filter type and two pixels.
  expect(decode(file(6), 4).data).toHaveLength(16);
  for (const bytes of [0, 3, 5, 7, 9])
    expect(() => decode(file(bytes), 4), `${bytes} bytes`).toThrow('broken');
});

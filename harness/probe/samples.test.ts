import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordSchema } from '../trace/schema.ts';
import { recordSamples } from './samples.ts';
import { summarize } from './sketch.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('images are PNG files that hold the pixels, with names that a trace allows', async () => {
  const images = fc
    .record({
      name: fc.string({ unit: 'binary', maxLength: 8 }),
      width: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 9 }),
      channels: fc.constantFrom(1 as const, 3 as const, 4 as const),
    })
    .chain((size) => {
      const length = size.width * size.height * size.channels;
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((pixels) => ({ ...size, pixels: Uint8Array.from(pixels) }));
    });
  await fc.assert(
    fc.asyncProperty(fc.array(images, { minLength: 1, maxLength: 3 }), async (images) => {
      const records = await recordSamples(folder, 'save', 12, images);
      for (const [index, { name, width, height, channels, pixels }] of images.entries()) {
        const record = records[index]!;
        expect(recordSchema.parse(record)).toEqual({
          kind: 'sample',
          type: 'image',
          at: 'save',
          step: 12,
          name,
          file: `samples/save-12-${index}.png`,
          sha256: createHash('sha256').update(pixels).digest('hex'),
          width,
          height,
          ...summarize(pixels),
        });
        const file = await readFile(join(folder, record.file));
        expect(file.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
        // Decoding gives three channels unless grey is requested.
        const decoded = sharp(file).toColourspace(channels === 1 ? 'b-w' : 'srgb');
        const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
        expect(info).toMatchObject({ width, height, channels });
        expect(Uint8Array.from(data)).toEqual(pixels);
      }
    }),
    { numRuns: 12 },
  );
});

test('pixels of the wrong size are refused with the image’s name', async () => {
  const image = { name: 'cat', width: 2, height: 2, channels: 3 as const, pixels: new Uint8Array(11) };
  await expect(recordSamples(folder, 'end', 1, [image])).rejects.toThrow(
    "sample 'cat': expected 2×2×3 bytes of pixels, received 11; return one byte per channel",
  );
  expect((await readdir(join(folder, 'samples'))).filter((name) => name.startsWith('end'))).toEqual([]);
});

test('without images, nothing is recorded', async () => {
  expect(await recordSamples(folder, 'pass', 1, [])).toEqual([]);
});

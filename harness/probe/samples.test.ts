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
  folder = await mkdtemp(join(tmpdir(), 'samples-'));
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
          digest: createHash('sha256').update(pixels).digest('hex'),
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

test('audio is a WAV file that holds the 16-bit PCM samples; floats are rounded and clipped', async () => {
  const sound = fc.record({
    sampleRate: fc.integer({ min: 1, max: 768_000 }),
    channels: fc.integer({ min: 1, max: 3 }),
    frames: fc.integer({ min: 1, max: 9 }),
    seed: fc.infiniteStream(fc.float({ min: -2, max: 2, noNaN: true })),
    floats: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(sound, async ({ sampleRate, channels, frames, seed, floats }) => {
      const values = Float32Array.from([...seed.take(frames * channels)]);
      const samples = Int16Array.from(values, (value) =>
        Math.round(32_767 * Math.max(-1, Math.min(1, value))),
      );
      const pcm = floats ? values : samples;
      const [record] = await recordSamples(folder, 'end', 3, [{ name: 'song', sampleRate, channels, pcm }]);
      const file = await readFile(join(folder, record!.file));
      const data = new DataView(file.buffer, file.byteOffset, file.length);
      expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
      expect([data.getUint32(4, true), data.getUint32(40, true)]).toEqual([
        file.length - 8,
        2 * frames * channels,
      ]);
      // PCM, channels, rate, bytes per second, bytes per frame, bits.
      expect([20, 22].map((at) => data.getUint16(at, true))).toEqual([1, channels]);
      expect([24, 28].map((at) => data.getUint32(at, true))).toEqual([sampleRate, 2 * channels * sampleRate]);
      expect([32, 34].map((at) => data.getUint16(at, true))).toEqual([2 * channels, 16]);
      const held = Array.from(samples, (_, at) => data.getInt16(44 + 2 * at, true));
      expect(held).toEqual([...samples]);
      expect(recordSchema.parse(record)).toEqual({
        kind: 'sample',
        type: 'audio',
        at: 'end',
        step: 3,
        name: 'song',
        file: 'samples/end-3-0.wav',
        digest: createHash('sha256').update(file.subarray(44)).digest('hex'),
        sampleRate,
        channels,
        seconds: frames / sampleRate,
        ...summarize(samples),
      });
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['a value that is not finite', 1, [0, Number.NaN], /sample 'song': PCM sample 1 is NaN; return finite/],
  [
    'a channel that is shorter',
    2,
    [0, 0, 0],
    /sample 'song': expected PCM samples of 2 interleaved channels, r/,
  ],
  ['nothing', 1, [], /expected PCM samples of 1 interleaved channels, received 0/],
])('audio with %s is refused', async (_, channels, values, error) => {
  const song = { name: 'song', sampleRate: 8000, channels, pcm: Float32Array.from(values) };
  await expect(recordSamples(folder, 'end', 4, [song])).rejects.toThrow(error);
});

test('a text is a UTF-8 file, whose digest is of its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 9 }), async (text) => {
      const [record] = await recordSamples(folder, 'save', 5, [{ name: 'poem', text }]);
      const bytes = await readFile(join(folder, record!.file));
      expect(bytes.toString('utf8')).toBe(text);
      expect(recordSchema.parse(record)).toEqual({
        kind: 'sample',
        type: 'text',
        at: 'save',
        step: 5,
        name: 'poem',
        file: 'samples/save-5-0.txt',
        digest: createHash('sha256').update(bytes).digest('hex'),
        characters: Array.from(text).length,
      });
    }),
    { numRuns: 30 },
  );
});

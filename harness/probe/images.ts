/** Writes samples as PNG files next to the trace. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SampleRecord } from '../trace/schema.ts';
import type { SampledImage } from '../training/trainer.ts';
import { encodePng } from './png.ts';
import { summarize } from './sketch.ts';

/**
 * Writes each image to `samples/` in `folder`.
 * @throws {RangeError} when the number of an image's pixels does not match its size
 */
export async function recordImages(
  folder: string,
  at: SampleRecord['at'],
  step: number,
  images: readonly SampledImage[],
): Promise<SampleRecord[]> {
  await mkdir(path.join(folder, 'samples'), { recursive: true });
  return Promise.all(
    images.map(async ({ name, width, height, channels, pixels }, index) => {
      if (pixels.length !== width * height * channels) {
        throw new RangeError(
          `sample '${name}': expected ${width}×${height}×${channels} bytes of pixels, received ${pixels.length}; return one byte per channel`,
        );
      }
      const file = `samples/${at}-${step}-${index}.png`;
      await writeFile(path.join(folder, file), encodePng(pixels, width, height, channels));
      const sha256 = createHash('sha256').update(pixels).digest('hex');
      return { kind: 'sample', at, step, name, file, sha256, width, height, ...summarize(pixels) };
    }),
  );
}

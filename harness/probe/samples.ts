/** Writes samples as files next to the trace: images as PNG, audio as WAV, texts as UTF-8. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SampleRecord } from '../trace/schema.ts';
import type { Sample, SampledAudio, SampledImage, SampledText } from '../training/trainer.ts';
import { encodePng } from './png.ts';
import { summarize } from './sketch.ts';
import { encodeWav, littleEndian, toInt16 } from './wav.ts';

type Place = Pick<SampleRecord, 'kind' | 'at' | 'step' | 'name'>;
interface Recorded {
  readonly record: SampleRecord;
  readonly contents: Uint8Array;
}

/**
 * Writes each sample to `samples/` in `folder`.
 * @throws {RangeError} when a sample is not what its fields say
 */
export async function recordSamples(
  folder: string,
  at: SampleRecord['at'],
  step: number,
  samples: readonly Sample[],
): Promise<SampleRecord[]> {
  await mkdir(path.join(folder, 'samples'), { recursive: true });
  return Promise.all(
    samples.map(async (sample, index) => {
      const place: Place = { kind: 'sample', at, step, name: sample.name };
      const { record, contents } = recordOf(sample, place, `samples/${at}-${step}-${index}`);
      await writeFile(path.join(folder, record.file), contents);
      return record;
    }),
  );
}

function recordOf(sample: Sample, place: Place, file: string): Recorded {
  if ('pixels' in sample) return image(sample, place, file);
  return 'pcm' in sample ? audio(sample, place, file) : text(sample, place, file);
}

function image(
  { name, width, height, channels, pixels }: SampledImage,
  place: Place,
  file: string,
): Recorded {
  if (pixels.length !== width * height * channels) {
    throw new RangeError(
      `sample '${name}': expected ${width}×${height}×${channels} bytes of pixels, received ${pixels.length}; return one byte per channel`,
    );
  }
  return {
    record: {
      ...place,
      type: 'image',
      file: `${file}.png`,
      digest: sha256(pixels),
      width,
      height,
      ...summarize(pixels),
    },
    contents: encodePng(pixels, width, height, channels),
  };
}

function audio({ name, sampleRate, channels, pcm }: SampledAudio, place: Place, file: string): Recorded {
  if (pcm.length === 0 || pcm.length % channels !== 0) {
    throw new RangeError(
      `sample '${name}': expected PCM samples of ${channels} interleaved channels, received ${pcm.length}; return as many for each channel`,
    );
  }
  const broken = pcm.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    throw new RangeError(`sample '${name}': PCM sample ${broken} is ${pcm[broken]}; return finite numbers`);
  }
  const samples = pcm instanceof Int16Array ? pcm : toInt16(pcm);
  const bytes = littleEndian(samples);
  return {
    record: {
      ...place,
      type: 'audio',
      file: `${file}.wav`,
      digest: sha256(bytes),
      sampleRate,
      channels,
      seconds: pcm.length / channels / sampleRate,
      ...summarize(samples),
    },
    contents: encodeWav(bytes, sampleRate, channels),
  };
}

function text({ text }: SampledText, place: Place, file: string): Recorded {
  const contents = Buffer.from(text, 'utf8');
  return {
    record: {
      ...place,
      type: 'text',
      file: `${file}.txt`,
      digest: sha256(contents),
      characters: [...text].length,
    },
    contents,
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

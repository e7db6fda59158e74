/** Reads, compares and embeds the audio and the texts of one report folder, within bounds. */
import { createHash } from 'node:crypto';
import type { SampleOf } from '../../trace/schema.ts';
import { readWithin } from '../files.ts';
import { count, visible } from '../text.ts';
import type { Change } from './image-cache.ts';

export const RECORDING_LIMITS = {
  /** Of one file. */
  fileBytes: 2 * 1024 * 1024,
  /** Of all audio in one page, as files. */
  embeddedBytes: 6 * 1024 * 1024,
  /** Of one text on the page. */
  shownCharacters: 2000,
};

/** Audio or a text at one point of a run. */
export type Recording = SampleOf<'audio' | 'text'>;
/** A file, and what the trace says of it. */
export interface RecordingFile {
  readonly file: string;
  readonly type: Recording['type'];
  readonly sample?: Recording;
}
export interface Recorded {
  readonly sample: Recording | undefined;
  /** A data URI of audio. */
  readonly src?: string;
  readonly text?: string;
  readonly note?: string | undefined;
}

export interface Recordings {
  load(recording: RecordingFile | undefined): Promise<Recorded>;
  /** The number of recordings that did not fit on the page. */
  leftOut(): number;
}

export function openRecordings(root: string, limits = RECORDING_LIMITS): Recordings {
  const embedded = new Map<string, string>();
  let bytesLeft = limits.embeddedBytes;
  let leftOut = 0;

  async function audio(path: string): Promise<Pick<Recorded, 'src' | 'note'>> {
    const bytes = await readWithin(root, path, limits.fileBytes);
    const tag = (at: number): string => bytes.toString('latin1', at, at + 4);
    if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new Error('it is not a WAV file');
    const key = createHash('sha256').update(bytes).digest('hex');
    const known = embedded.get(key);
    if (known !== undefined) return { src: known };
    if (bytes.length > bytesLeft) {
      leftOut += 1;
      return { note: 'left out: no room on the page' };
    }
    bytesLeft -= bytes.length;
    const src = `data:audio/wav;base64,${bytes.toString('base64')}`;
    embedded.set(key, src);
    return { src };
  }

  async function text(path: string, sample: Recording | undefined): Promise<Pick<Recorded, 'text' | 'note'>> {
    const bytes = await readWithin(root, path, limits.fileBytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const same = sample === undefined || sample.digest === digest;
    return {
      text: visible(bytes.toString('utf8'), limits.shownCharacters),
      note: same ? undefined : 'the trace gives another digest',
    };
  }

  return {
    async load(recording) {
      if (recording === undefined) return { sample: undefined, note: 'no sample was taken' };
      const { file, type, sample } = recording;
      try {
        return { sample, ...(type === 'audio' ? await audio(file) : await text(file, sample)) };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { sample, note: `cannot be shown: ${visible(reason, 200)}` };
      }
    },
    leftOut: () => leftOut,
  };
}

/** By digest: a player or a text shows no small difference. */
export function compareRecordings({ sample: a }: Recorded, { sample: b }: Recorded): Change {
  if (a === undefined || b === undefined) return { identical: undefined, text: 'not comparable' };
  return a.digest === b.digest
    ? { identical: true, text: 'identical' }
    : { identical: false, text: 'different digests' };
}

export const sizeOf = (sample: Recording): string =>
  sample.type === 'text'
    ? count(sample.characters, 'character')
    : `${Number(sample.seconds.toPrecision(4))} s at ${sample.sampleRate} Hz, ${count(sample.channels, 'channel')}`;

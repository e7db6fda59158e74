/** Reads, compares and embeds the images of one report folder, each distinct image once, within bounds. */
import { createHash } from 'node:crypto';
import type { SampleOf } from '../../trace/schema.ts';
import { readWithin } from '../files.ts';
import { count, visible } from '../text.ts';
import { compare } from './compare.ts';
import { decode, encode, type Pixels } from './png.ts';

export const IMAGE_LIMITS = {
  /** Of one PNG file. */
  fileBytes: 2 * 1024 * 1024,
  /** Decoded for one report. */
  pixels: 32 * 1024 * 1024,
  /** Of all data URIs in one page. */
  embeddedBytes: 8 * 1024 * 1024,
  /** Rows for one scenario. */
  rows: 24,
};
type Limits = typeof IMAGE_LIMITS;

export interface Image {
  readonly label: string;
  /** A data URI; undefined if there is no image, and `note` says why. */
  readonly src: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly note: string | undefined;
}
/** A file, and what the trace says of it. */
export interface ImageFile {
  readonly file: string;
  readonly sample?: SampleOf<'image'>;
}
/** An image's pixels, or a note why there are none. */
export interface Loaded {
  readonly pixels?: Pixels;
  readonly note?: string | undefined;
}
export interface Change {
  /** Undefined if one of the two is missing. */
  readonly identical: boolean | undefined;
  readonly text: string;
}

/** Equal files are decoded, compared and encoded once, so many equal images cost no more than one. */
export interface ImageCache {
  load(image: ImageFile | undefined): Promise<Loaded>;
  compare(a: Loaded, b: Loaded): Change;
  show(label: string, loaded: Loaded): Promise<Image>;
  /** The number of images that did not fit on the page. */
  leftOut(): number;
}

export function openImageCache(root: string, limits: Limits = IMAGE_LIMITS): ImageCache {
  const decoded = new Map<string, Pixels>();
  const encoded = new Map<Pixels, string>();
  const compared = new Map<Pixels, Map<Pixels, Change>>();
  let pixelsLeft = limits.pixels;
  let bytesLeft = limits.embeddedBytes;
  let leftOut = 0;

  async function read(path: string): Promise<Pixels> {
    const bytes = await readWithin(root, path, limits.fileBytes);
    const key = createHash('sha256').update(bytes).digest('hex');
    const known = decoded.get(key);
    if (known !== undefined) return known;
    const pixels = await decode(bytes, pixelsLeft);
    pixelsLeft -= pixels.width * pixels.height;
    decoded.set(key, pixels);
    return pixels;
  }

  // The page shows what was compared: the decoded pixels, without the file's other contents.
  async function dataUri(pixels: Pixels): Promise<string> {
    const known = encoded.get(pixels);
    if (known !== undefined) return known;
    const uri = `data:image/png;base64,${(await encode(pixels)).toString('base64')}`;
    encoded.set(pixels, uri);
    return uri;
  }

  return {
    async load(image) {
      if (image === undefined) return { note: 'no image was taken' };
      try {
        const pixels = await read(image.file);
        const { width, height } = image.sample ?? pixels;
        if (pixels.width === width && pixels.height === height) return { pixels };
        return { pixels, note: `the trace says ${width}×${height}` };
      } catch (error) {
        return {
          note: `cannot be shown: ${visible(error instanceof Error ? error.message : String(error), 200)}`,
        };
      }
    },
    compare({ pixels: a }, { pixels: b }) {
      if (a === undefined || b === undefined) return { identical: undefined, text: 'not comparable' };
      const row = compared.get(a) ?? new Map<Pixels, Change>();
      const change = row.get(b) ?? inWords(a, b);
      compared.set(a, row.set(b, change));
      return change;
    },
    async show(label, { pixels, note }) {
      if (pixels === undefined) return { label, src: undefined, width: 0, height: 0, note };
      const { width, height } = pixels;
      const src = await dataUri(pixels);
      if (src.length > bytesLeft) {
        leftOut += 1;
        return { label, src: undefined, width, height, note: 'left out: no room on the page' };
      }
      bytesLeft -= src.length;
      return { label, src, width, height, note };
    },
    leftOut: () => leftOut,
  };
}

function inWords(a: Pixels, b: Pixels): Change {
  const result = compare(a, b);
  if (result.kind === 'identical') return { identical: true, text: 'identical' };
  if (result.kind === 'sizes') return { identical: false, text: `sizes differ, ${result.a} and ${result.b}` };
  const { differing, total, widest } = result;
  if (differing === 0) return { identical: false, text: 'looks identical, but invisible pixels differ' };
  const share = `${differing.toLocaleString('en')} of ${count(total, 'pixel')} differ`;
  return { identical: false, text: `${share}, by up to ${widest} of 255` };
}

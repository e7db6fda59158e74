/** Images as raw RGBA pixels, and how two of them are compared. */
import pixelmatch from 'pixelmatch';
import sharp from 'sharp';

/** 8-bit RGBA, row by row from the top: `data.length === width * height * 4`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The longest side that is decoded, in pixels. */
export const MAX_SIDE = 4096;

/**
 * What counts as a differing pixel, pinned here since pixelmatch's defaults and colour metric (OKLab since
 * version 7) change between versions. Threshold 0: any difference in colour counts, were it one level of one
 * channel, so the count does not depend on the metric. Antialiased pixels count. Transparent pixels are
 * compared over a checkerboard, so two that are both invisible count as the same.
 */
const MATCH = {
  threshold: 0,
  includeAA: true,
  checkerboard: true,
  alpha: 0.15,
  diffColor: [112, 72, 232],
} as const;

export type Comparison =
  | { readonly kind: 'identical'; readonly total: number }
  | { readonly kind: 'sizes'; readonly a: string; readonly b: string }
  | {
      readonly kind: 'differing';
      /** 0 where only invisible pixels differ. */
      readonly differing: number;
      readonly total: number;
      /** The widest gap in one channel of one pixel, of 255. */
      readonly widest: number;
      /** `a` in pale grey, differing pixels in violet. */
      readonly image: Pixels;
    };

export function compare(a: Pixels, b: Pixels): Comparison {
  if (a.width !== b.width || a.height !== b.height) return { kind: 'sizes', a: size(a), b: size(b) };
  const total = a.width * a.height;
  if (Buffer.compare(a.data, b.data) === 0) return { kind: 'identical', total };
  const data = new Uint8Array(a.data.length);
  const options = { ...MATCH, diffColor: [...MATCH.diffColor] as [number, number, number] };
  const differing = pixelmatch(a.data, b.data, data, a.width, a.height, options);
  const widest = a.data.reduce((most, level, i) => Math.max(most, Math.abs(level - b.data[i]!)), 0);
  return { kind: 'differing', differing, total, widest, image: { width: a.width, height: a.height, data } };
}

/**
 * Decodes a PNG. The header is read first, so nothing large is allocated for an image that is refused.
 * @param maxPixels how many pixels may be decoded
 * @throws Error with one line of reason: no PNG, too large, broken.
 */
export async function decode(bytes: Buffer, maxPixels: number): Promise<Pixels> {
  const image = sharp(bytes, { limitInputPixels: MAX_SIDE * MAX_SIDE, failOn: 'warning' });
  const header = await image.metadata().catch(() => undefined);
  if (header?.format !== 'png') throw new Error('it is not a PNG image');
  const { width, height } = header;
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new Error(`it is ${width}×${height}, and a side may have ${MAX_SIDE} pixels`);
  }
  if (width * height > maxPixels) throw new Error('the report’s images together have too many pixels');
  const raw = await image
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(() => {
      throw new Error('the PNG image is broken');
    });
  if (raw.length !== width * height * 4) throw new Error('the PNG image has an unusual pixel format');
  // Copied, since pixelmatch reads whole pixels and needs them aligned to four bytes.
  return { width, height, data: new Uint8Array(raw) };
}

export async function encode(pixels: Pixels): Promise<Buffer> {
  const { width, height, data } = pixels;
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

export function size(pixels: Pixels): string {
  return `${pixels.width}×${pixels.height}`;
}

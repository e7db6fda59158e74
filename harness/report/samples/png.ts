/** Decodes PNG files to raw RGBA pixels, and encodes them again. */
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
 * Decodes a PNG. It reads the header first, so a refused image allocates nothing large.
 * @param maxPixels how many pixels may be decoded
 * @throws Error with a one-line reason: not a PNG, too large, broken.
 */
export async function decode(bytes: Buffer, maxPixels: number): Promise<Pixels> {
  const image = sharp(bytes, { limitInputPixels: MAX_SIDE * MAX_SIDE, failOn: 'warning' });
  const header = await image.metadata().catch(() => undefined);
  if (header?.format !== 'png') throw new Error('it is not a PNG image');
  const { width, height } = header;
  if (width > MAX_SIDE || height > MAX_SIDE) {
    throw new Error(`it is ${width}×${height}, but a side may have at most ${MAX_SIDE} pixels`);
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
  // Copied because pixelmatch needs the pixels aligned to four bytes.
  return { width, height, data: new Uint8Array(raw) };
}

export async function encode(pixels: Pixels): Promise<Buffer> {
  const { width, height, data } = pixels;
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}

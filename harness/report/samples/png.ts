/** Decodes PNG files (ISO/IEC 15948) of any kind to raw RGBA pixels. Colour profiles and gamma are not applied. */
import { crc32, inflateSync } from 'node:zlib';
import { PNG_SIGNATURE } from '../../trace/png.ts';

/** 8-bit RGBA, row by row from the top: `data.length === width * height * 4`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The longest side that is decoded, in pixels. */
export const MAX_SIDE = 4096;

interface Header {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly depth: number;
  readonly colour: keyof typeof COLOURS;
  readonly interlaced: boolean;
}

/** By colour type: samples per pixel, and the depths that are allowed. */
const COLOURS = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
} as const;
const PALETTE = 3;

/** First column and row, and the distance between two, of each pass. */
const WHOLE = [[0, 0, 1, 1]] as const;
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Refuses a file from within. */
class Broken extends Error {}

/**
 * Decodes a PNG. It reads the header first, so a refused image allocates nothing large.
 * @param maxPixels how many pixels may be decoded
 * @throws Error with a one-line reason: not a PNG, too large, broken.
 */
export function decode(bytes: Buffer, maxPixels: number): Pixels {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) throw new Error('it is not a PNG image');
  try {
    const chunks = chunksOf(bytes);
    const first = chunks.next().value;
    if (first?.type !== 'IHDR') throw new Broken();
    const header = headerOf(first.data);
    const { width, height } = header;
    if (width > MAX_SIDE || height > MAX_SIDE) {
      throw new Error(`it is ${width}×${height}, but a side may have at most ${MAX_SIDE} pixels`);
    }
    if (width * height > maxPixels) throw new Error('the report’s images together have too many pixels');
    return { width, height, data: pixelsOf(header, partsOf(chunks)) };
  } catch (error) {
    throw error instanceof Broken ? new Error('the PNG image is broken') : error;
  }
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** All chunks until the one that ends the image. */
function* chunksOf(bytes: Buffer): Generator<Chunk, undefined> {
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw new Broken();
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) throw new Broken();
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) throw new Broken();
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'IEND') return;
    yield { type, data: bytes.subarray(at + 8, end) };
    at = end + 4;
  }
}

function headerOf(data: Buffer): Header {
  if (data.length !== 13) throw new Broken();
  const [depth, colour, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  const kind = COLOURS[colour as Header['colour']];
  const width = data.readUInt32BE(0);
  const height = data.readUInt32BE(4);
  const isValid =
    (kind?.depths as readonly number[] | undefined)?.includes(depth!) && width > 0 && height > 0;
  if (!isValid || compression !== 0 || filter !== 0 || interlace! > 1) throw new Broken();
  return { width, height, depth: depth!, colour: colour as Header['colour'], interlaced: interlace === 1 };
}

interface Parts {
  readonly compressed: Buffer;
  readonly palette: Buffer | undefined;
  readonly transparent: Buffer | undefined;
}

function partsOf(chunks: Iterable<Chunk>): Parts {
  const compressed: Buffer[] = [];
  const found = new Map<string, Buffer>();
  for (const { type, data } of chunks) {
    if (type === 'IDAT') compressed.push(data);
    else if (type === 'PLTE' || type === 'tRNS') found.set(type, data);
    // A capital letter: the image cannot be read without knowing the chunk.
    else if (/^[A-Z]/.test(type)) throw new Broken();
  }
  return {
    compressed: Buffer.concat(compressed),
    palette: found.get('PLTE'),
    transparent: found.get('tRNS'),
  };
}

function pixelsOf(header: Header, { compressed, palette, transparent }: Parts): Uint8Array {
  const { width, height, depth, colour, interlaced } = header;
  const bits = depth * COLOURS[colour].samples;
  const passes = (interlaced ? ADAM7 : WHOLE)
    .map(([x, y, dx, dy]) => {
      const columns = Math.ceil((width - x) / dx);
      return { x, y, dx, dy, columns, rows: Math.ceil((height - y) / dy), bytes: (columns * bits + 7) >> 3 };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
  const raw = inflated(
    compressed,
    passes.reduce((sum, { rows, bytes }) => sum + rows * (bytes + 1), 0),
  );
  const paint = painter(header, palette, transparent);
  const pixels = new Uint8Array(width * height * 4);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows, bytes } of passes) {
    let above: Uint8Array = new Uint8Array(bytes);
    for (let row = 0; row < rows; row += 1) {
      const line = raw.subarray(at + 1, at + 1 + bytes);
      unfilter(raw[at]!, line, above, Math.max(1, bits >> 3));
      for (let column = 0; column < columns; column += 1)
        paint(line, column, pixels, ((y + row * dy) * width + x + column * dx) * 4);
      above = line;
      at += bytes + 1;
    }
  }
  return pixels;
}

function inflated(compressed: Buffer, length: number): Buffer {
  try {
    const raw = inflateSync(compressed, { maxOutputLength: length });
    if (raw.length === length) return raw;
  } catch {
    // Not zlib's format, cut off, or longer than the image.
  }
  throw new Broken();
}

/** Undoes a row's filter in place. `distance` is the bytes from a sample to the same one of the pixel to its left. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, distance: number): void {
  const predict = PREDICTORS[filter];
  if (predict === undefined) throw new Broken();
  for (let i = 0; i < line.length; i += 1) {
    const left = i < distance ? 0 : line[i - distance]!;
    const corner = i < distance ? 0 : above[i - distance]!;
    line[i] = line[i]! + predict(left, above[i]!, corner);
  }
}

const PREDICTORS: readonly ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const [byLeft, byUp, byCorner] = [
      Math.abs(up - corner),
      Math.abs(left - corner),
      Math.abs(left + up - 2 * corner),
    ];
    return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
  },
];

/** Writes the pixel of a column as RGBA. */
type Painter = (line: Uint8Array, column: number, pixels: Uint8Array, at: number) => void;

function painter({ depth, colour }: Header, palette?: Buffer, transparent?: Buffer): Painter {
  const { samples } = COLOURS[colour];
  const most = 2 ** depth - 1;
  const sample = (line: Uint8Array, index: number): number => {
    if (depth === 8) return line[index]!;
    if (depth === 16) return line[index * 2]! * 256 + line[index * 2 + 1]!;
    const bit = index * depth;
    return (line[bit >> 3]! >> (8 - depth - (bit & 7))) & most;
  };
  if (colour === PALETTE) {
    if (palette === undefined || palette.length % 3 !== 0) throw new Broken();
    return (line, column, pixels, at) => {
      const index = sample(line, column);
      if (index * 3 >= palette.length) throw new Broken();
      pixels.set(palette.subarray(index * 3, index * 3 + 3), at);
      pixels[at + 3] = transparent?.[index] ?? 255;
    };
  }
  const to8Bits = (value: number): number => (depth === 16 ? value >> 8 : (value * 255) / most);
  const channels = samples < 3 ? 1 : 3;
  // The one colour that is transparent, in an image without alpha.
  const key = samples === channels ? keyOf(transparent, channels) : undefined;
  return (line, column, pixels, at) => {
    const first = column * samples;
    for (let channel = 0; channel < 3; channel += 1)
      pixels[at + channel] = to8Bits(sample(line, first + (channels === 3 ? channel : 0)));
    pixels[at + 3] =
      samples > channels
        ? to8Bits(sample(line, first + channels))
        : key?.every((value, channel) => value === sample(line, first + channel))
          ? 0
          : 255;
  };
}

function keyOf(transparent: Buffer | undefined, channels: number): number[] | undefined {
  if (transparent === undefined) return undefined;
  if (transparent.length !== channels * 2) throw new Broken();
  return Array.from({ length: channels }, (_, channel) => transparent.readUInt16BE(channel * 2));
}

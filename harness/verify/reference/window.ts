/** Sliding windows over images, pooling and resizing. */
import {
  type Attributes,
  gamma,
  type Inputs,
  NoReference,
  need,
  type Reference,
  type Result,
  sizeOf,
} from './tensor.ts';
import { type LinearTerms, linear } from './terms.ts';

export interface Window {
  /** Height and width. */
  readonly size: readonly [number, number];
  readonly strides: number | readonly [number, number];
  readonly dilations: number | readonly [number, number];
  /** 'same', 'valid' or a number. */
  readonly pad: unknown;
  readonly rounding: unknown;
}

interface Placements {
  /** Height and width of the output. */
  readonly shape: readonly [number, number];
  /**
   * Calls `call` for each pixel under the window at each place with three indices: the output pixel and the input
   * pixel, both counted over the whole batch, and the position within the window.
   */
  readonly visit: (call: (place: number, pixel: number, tap: number) => void) => void;
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** @param x shape `[n, h, w, …]` */
export function placements(x: readonly number[], window: Window): Placements {
  const [batch, height, width] = x as [number, number, number];
  const [strides, dilations] = [pair(window.strides), pair(window.dilations)];
  const [rows, columns] = [height, width].map((length, k) =>
    along(length, window.size[k]!, strides[k]!, dilations[k]!, window),
  ) as [Along, Along];
  const visit: Placements['visit'] = (call) => {
    for (let n = 0; n < batch; n += 1) {
      for (let row = 0; row < rows.places; row += 1) {
        for (let column = 0; column < columns.places; column += 1) {
          for (const [down, y] of rows.pixels(row)) {
            for (const [right, at] of columns.pixels(column)) {
              call(
                (n * rows.places + row) * columns.places + column,
                (n * height + y) * width + at,
                down * window.size[1] + right,
              );
            }
          }
        }
      }
    }
  };
  return { shape: [rows.places, columns.places], visit };
}

interface Along {
  readonly places: number;
  /** Pairs of an index within the window and the pixel there. Skips pixels outside the image. */
  readonly pixels: (place: number) => readonly (readonly [number, number])[];
}

/** Places the window along one axis with TensorFlow's padding: 'same' puts the odd pixel at the end. */
function along(
  length: number,
  size: number,
  stride: number,
  dilation: number,
  { pad, rounding }: Window,
): Along {
  if (rounding !== undefined && rounding !== null && rounding !== 'floor')
    throw new NoReference(`unsupported rounding mode ${rounding}`);
  const reach = (size - 1) * dilation + 1;
  let places: number;
  let before: number;
  if (pad === 'same') {
    places = Math.ceil(length / stride);
    before = Math.floor(Math.max((places - 1) * stride + reach - length, 0) / 2);
  } else if (pad === 'valid' || typeof pad === 'number') {
    before = pad === 'valid' ? 0 : (pad as number);
    places = Math.floor((length - reach + 2 * before) / stride) + 1;
  } else {
    throw new NoReference(`unsupported padding ${JSON.stringify(pad)}`);
  }
  const lists = Array.from({ length: places }, (_, place) =>
    Array.from({ length: size }, (_, tap) => [tap, place * stride - before + tap * dilation] as const).filter(
      ([, at]) => at >= 0 && at < length,
    ),
  );
  return { places, pixels: (place) => lists[place]! };
}

interface Pool {
  readonly shape: number[];
  /** For each output element, the input elements under the window. */
  readonly under: readonly (readonly number[])[];
}

function pool(x: readonly number[], attrs: Attributes): Pool {
  const depth = x[3]!;
  const { shape, visit } = placements(x, {
    size: pair(attrs.filterSize as number | [number, number]),
    strides: attrs.strides as number | [number, number],
    dilations: 1,
    pad: attrs.pad,
    rounding: attrs.dimRoundingMode,
  });
  const output = [x[0]!, ...shape, depth];
  const under: number[][] = Array.from({ length: sizeOf(output) }, () => []);
  visit((place, pixel) => {
    for (let k = 0; k < depth; k += 1) under[place * depth + k]!.push(pixel * depth + k);
  });
  return { shape: output, under };
}

function maxPool(inputs: Inputs, attrs: Attributes): Result {
  const x = need(inputs, 'x');
  const { shape, under } = pool(x.shape, attrs);
  const values = Float64Array.from(under, (pixels) => Math.max(...pixels.map((at) => x.values[at]!)));
  return { shape, dtype: x.dtype, values };
}

/** Each gradient goes to the first maximum under its window. */
function maxPoolGrad(inputs: Inputs, attrs: Attributes): Result {
  const [dy, x] = [need(inputs, 'dy'), need(inputs, 'input')];
  const { under } = pool(x.shape, attrs);
  const terms: LinearTerms = (visit) => {
    for (const [o, pixels] of under.entries()) {
      const winner = pixels.reduce((best, at) => (x.values[at]! > x.values[best]! ? at : best));
      visit(o, winner, 1);
    }
  };
  return linear(terms, dy, x.shape, { roundings: 0 }, true);
}

/** Pixels outside the image do not count. Roundings: 1/n, and the product with it. */
const ema = ({ under }: Pool): LinearTerms => {
  return (visit) => {
    for (const [o, pixels] of under.entries()) for (const at of pixels) visit(o, at, 1 / pixels.length);
  };
};

const avgPool: Reference = (inputs, attrs) => {
  const x = need(inputs, 'x');
  const around = pool(x.shape, attrs);
  return linear(ema(around), x, around.shape, { roundings: 2 });
};

const avgPoolGrad: Reference = (inputs, attrs) => {
  const { shape } = need(inputs, 'input');
  return linear(ema(pool(shape, attrs)), need(inputs, 'dy'), shape, { roundings: 2 }, true);
};

/** The fractional position of a resized pixel in the original along one axis. */
function sourceOf(
  at: number,
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Attributes,
): number {
  if (alignCorners) return to > 1 ? (at * (from - 1)) / (to - 1) : 0;
  return halfPixelCenters ? ((2 * at + 1) * from) / (2 * to) : (at * from) / to;
}

function nearest(images: readonly number[], size: readonly number[], attrs: Attributes): LinearTerms {
  const pick = (at: number, from: number, to: number): number => {
    const source = sourceOf(at, from, to, attrs);
    return Math.min(from - 1, attrs.alignCorners ? Math.floor(source + 0.5) : Math.floor(source));
  };
  const [height, width, depth] = images.slice(1) as [number, number, number];
  return eachPixel(images, size, (o, n, row, column, visit) => {
    const pixel = (n * height + pick(row, height, size[0]!)) * width + pick(column, width, size[1]!);
    for (let k = 0; k < depth; k += 1) visit(o * depth + k, pixel * depth + k, 1);
  });
}

function bilinear(images: readonly number[], size: readonly number[], attrs: Attributes): LinearTerms {
  const between = (at: number, from: number, to: number): [pixel: number, weight: number][] => {
    const shift = attrs.halfPixelCenters && !attrs.alignCorners ? 0.5 : 0;
    const source = Math.min(Math.max(sourceOf(at, from, to, attrs) - shift, 0), from - 1);
    const low = Math.floor(source);
    return [
      [low, 1 - (source - low)],
      [Math.min(low + 1, from - 1), source - low],
    ];
  };
  const [height, width, depth] = images.slice(1) as [number, number, number];
  return eachPixel(images, size, (o, n, row, column, visit) => {
    for (const [y, down] of between(row, height, size[0]!)) {
      for (const [x, right] of between(column, width, size[1]!)) {
        const pixel = (n * height + y) * width + x;
        for (let k = 0; k < depth; k += 1) visit(o * depth + k, pixel * depth + k, down * right);
      }
    }
  });
}

function eachPixel(
  [batch]: readonly number[],
  [height, width]: readonly number[],
  of: (o: number, n: number, row: number, column: number, visit: Parameters<LinearTerms>[0]) => void,
): LinearTerms {
  return (visit) => {
    for (let o = 0; o < batch! * height! * width!; o += 1) {
      of(o, Math.floor(o / (height! * width!)), Math.floor(o / width!) % height!, o % width!, visit);
    }
  };
}

type Resize = typeof nearest;

/** A weight's error comes from the roundings of a position, which is at most the image's length. */
const weightErrorOf = (images: readonly number[]): number => gamma(4) * Math.max(images[1]!, images[2]!);

const resize =
  (of: Resize, interpolates: boolean): Reference =>
  (inputs, attrs) => {
    const images = need(inputs, 'images');
    const size = attrs.size as number[];
    const shape = [images.shape[0]!, ...size, images.shape[3]!];
    return linear(of(images.shape, size, attrs), images, shape, precision(interpolates, images.shape));
  };

const resizeGrad =
  (of: Resize, interpolates: boolean): Reference =>
  (inputs, attrs) => {
    const { shape } = need(inputs, 'images');
    const dy = need(inputs, 'dy');
    const terms = of(shape, dy.shape.slice(1, 3), attrs);
    return linear(terms, dy, shape, precision(interpolates, shape), true);
  };

/** Interpolation computes a weight and multiplies each pixel by it. Nearest neighbor only copies pixels. */
const precision = (interpolates: boolean, images: readonly number[]) =>
  interpolates ? { roundings: 3, weightError: weightErrorOf(images) } : { roundings: 0 };

export const WINDOWS: readonly [string, Reference][] = [
  ['MaxPool', maxPool],
  ['MaxPoolGrad', maxPoolGrad],
  ['AvgPool', avgPool],
  ['AvgPoolGrad', avgPoolGrad],
  ['ResizeNearestNeighbor', resize(nearest, false)],
  ['ResizeNearestNeighborGrad', resizeGrad(nearest, false)],
  ['ResizeBilinear', resize(bilinear, true)],
  ['ResizeBilinearGrad', resizeGrad(bilinear, true)],
];

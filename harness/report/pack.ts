/**
 * Packs a page's data so that it compresses well, and unpacks it in the browser: as a text, and as the numbers of each
 * parameter, which compress in another way. No platform's own API is used.
 */
import type { Detail, ParameterMap, ParameterValues } from './data.ts';
import type { Point } from './series.ts';

export interface Packed {
  /** The JSON text of a {@link PackedDetail}. */
  readonly text: string;
  readonly numbers: Uint8Array;
}

/** What a {@link Detail} is apart from the numbers of its parameters: plain JSON. */
interface PackedDetail extends Omit<Detail, 'parameters' | 'curves'> {
  readonly curves: readonly PackedCurve[];
  readonly parameters:
    | (Omit<ParameterMap, 'codes' | 'values'> & {
        /** Their number. */
        readonly codes: number;
        readonly values:
          | (Omit<ParameterValues, 'control' | 'interrupted'> & {
              /** The number of each. */
              readonly control: number;
            })
          | null;
      })
    | null;
}

type Series = Detail['curves'][number]['series'][number];
interface PackedCurve extends Omit<Detail['curves'][number], 'series'> {
  readonly series: readonly (Omit<Series, 'points'> & {
    readonly steps: readonly number[];
    /** Null where there is no finite value. */
    readonly values: readonly (number | null)[];
  })[];
}

export function packDetail(detail: Detail): Packed {
  const { parameters, curves } = detail;
  const values = parameters?.values ?? null;
  const packed: PackedDetail = {
    ...detail,
    curves: curves.map((curve) => ({
      ...curve,
      series: curve.series.map(({ points, ...rest }) => ({
        ...rest,
        steps: points.map(({ step }) => step),
        values: points.map(({ value }) => (Number.isFinite(value) ? value : null)),
      })),
    })),
    parameters: parameters && {
      ...parameters,
      codes: parameters.codes.length,
      values: values && withoutNumbers(values),
    },
  };
  return {
    text: JSON.stringify(packed),
    numbers: parameters === null ? new Uint8Array() : numbersOf(parameters),
  };
}

function numbersOf({ codes, values }: ParameterMap): Uint8Array {
  const planes =
    values === null
      ? []
      : [planesOf(values.control), planesOf(differing(values.interrupted, values.control))];
  return concatenated([new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength), ...planes]);
}

function withoutNumbers({ interrupted: _, control, ...rest }: ParameterValues) {
  return { ...rest, control: control.length };
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function unpackDetail({ text, numbers }: Packed): Detail {
  const packed = JSON.parse(text) as PackedDetail;
  const { parameters, curves } = packed;
  let at = 0;
  const next = (bytes: number): Uint8Array => {
    at += bytes;
    return numbers.subarray(at - bytes, at);
  };
  return {
    ...packed,
    curves: curves.map((curve) => ({
      ...curve,
      series: curve.series.map(({ steps, values, ...rest }) => ({
        ...rest,
        points: steps.map((step, index): Point => ({ step, value: values[index] ?? Number.NaN })),
      })),
    })),
    parameters: parameters && {
      ...parameters,
      // A copy: a view of Node's has the buffer of many.
      codes: new Int8Array(new Uint8Array(next(parameters.codes)).buffer),
      values: parameters.values && unpackValues(parameters.values, next),
    },
  };
}

function unpackValues(
  { control, ...rest }: NonNullable<NonNullable<PackedDetail['parameters']>['values']>,
  next: (bytes: number) => Uint8Array,
): ParameterValues {
  const size = control * Float32Array.BYTES_PER_ELEMENT;
  const own = fromPlanes(next(size));
  return { ...rest, control: own, interrupted: differing(fromPlanes(next(size)), own) };
}

/** The lowest byte of each number, then the next ones …: neighbours are alike, so they compress. */
function planesOf(numbers: Float32Array): Uint8Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const { length } = bits;
  const planes = new Uint8Array(4 * length);
  for (let at = 0; at < length; at += 1) {
    const own = bits[at]!;
    planes[at] = own;
    planes[length + at] = own >>> 8;
    planes[2 * length + at] = own >>> 16;
    planes[3 * length + at] = own >>> 24;
  }
  return planes;
}

function fromPlanes(planes: Uint8Array): Float32Array {
  const length = planes.length / 4;
  const bits = new Uint32Array(length);
  for (let at = 0; at < length; at += 1)
    bits[at] =
      planes[at]! |
      (planes[length + at]! << 8) |
      (planes[2 * length + at]! << 16) |
      (planes[3 * length + at]! << 24);
  return new Float32Array(bits.buffer);
}

/** The bits in which numbers differ from others, which is its own inverse. Equal numbers give zeros. */
function differing(numbers: Float32Array, from: Float32Array): Float32Array {
  const bits = new Uint32Array(numbers.slice().buffer);
  const other = new Uint32Array(from.slice().buffer);
  for (let at = 0; at < bits.length; at += 1) bits[at]! ^= other[at]!;
  return new Float32Array(bits.buffer);
}

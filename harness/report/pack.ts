/** Packs a page's numbers so that they compress well, and unpacks them in the browser. No platform's API is used. */
import type { Detail, ParameterMap, ParameterValues } from './data.ts';
import type { Point } from './series.ts';

/** The packed form of a {@link Detail}: plain JSON. */
export interface PackedDetail extends Omit<Detail, 'parameters' | 'curves'> {
  readonly curves: readonly PackedCurve[];
  readonly parameters:
    | (Omit<ParameterMap, 'codes' | 'values'> & {
        /** Base64. */
        readonly codes: string;
        readonly values:
          | (Omit<ParameterValues, 'control' | 'interrupted'> & {
              /** Base64 of {@link planesOf}. */
              readonly control: string;
              /** The same of the bits in which they differ from the control's. */
              readonly interrupted: string;
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

/** Base64, which each platform has its own functions for. */
export interface Base64 {
  readonly encode: (bytes: Uint8Array) => string;
  readonly decode: (text: string) => Uint8Array;
}

export function packDetail(detail: Detail, { encode }: Pick<Base64, 'encode'>): PackedDetail {
  const { parameters, curves } = detail;
  const values = parameters?.values ?? null;
  return {
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
      codes: encode(new Uint8Array(parameters.codes.buffer)),
      values: values && {
        ...values,
        control: encode(planesOf(values.control)),
        interrupted: encode(planesOf(differing(values.interrupted, values.control))),
      },
    },
  };
}

export function unpackDetail(packed: PackedDetail, { decode }: Pick<Base64, 'decode'>): Detail {
  const { parameters, curves } = packed;
  return {
    ...packed,
    curves: curves.map((curve) => ({
      ...curve,
      series: curve.series.map(({ steps, values, ...rest }) => ({
        ...rest,
        points: steps.map((step, at): Point => ({ step, value: values[at] ?? Number.NaN })),
      })),
    })),
    parameters: parameters && {
      ...parameters,
      codes: new Int8Array(decode(parameters.codes).slice().buffer),
      values: parameters.values && unpackValues(parameters.values, decode),
    },
  };
}

function unpackValues(
  { control, interrupted, ...rest }: NonNullable<NonNullable<PackedDetail['parameters']>['values']>,
  decode: Base64['decode'],
): ParameterValues {
  const own = fromPlanes(decode(control));
  return { ...rest, control: own, interrupted: differing(fromPlanes(decode(interrupted)), own) };
}

/** The first byte of each number, then the second ones …: neighbours are alike, so they compress. */
function planesOf(numbers: Float32Array): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const planes = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) planes[(at % 4) * numbers.length + (at >> 2)] = bytes[at]!;
  return planes;
}

function fromPlanes(planes: Uint8Array): Float32Array {
  const bytes = new Uint8Array(planes.length);
  const length = planes.length / 4;
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = planes[(at % 4) * length + (at >> 2)]!;
  return new Float32Array(bytes.buffer);
}

/** The bits in which numbers differ from others, which is its own inverse. Equal numbers give zeros. */
function differing(numbers: Float32Array, from: Float32Array): Float32Array {
  const bits = new Uint32Array(numbers.slice().buffer);
  const other = new Uint32Array(from.slice().buffer);
  for (let at = 0; at < bits.length; at += 1) bits[at]! ^= other[at]!;
  return new Float32Array(bits.buffer);
}

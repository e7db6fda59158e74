/** Kernels that reduce axes, softmax and segment sums. */
import {
  type Attributes,
  axesOf,
  build,
  gamma,
  type Inputs,
  indexOf,
  need,
  type Reference,
  type Result,
  sizeOf,
  type Tensor64,
} from './tensor.ts';

/** Removes the reduced axes, or keeps them with length 1. */
function reduce(
  x: Tensor64,
  { axis, reductionIndices, keepDims }: Attributes,
  of: (group: readonly number[]) => number,
  boundOf?: (group: readonly number[], value: number) => number,
): Result {
  const axes = new Set(axesOf(axis ?? reductionIndices, x.shape.length));
  const kept = x.shape.map((length, k) => (axes.has(k) ? 1 : length));
  const inner = x.shape.map((length, k) => (axes.has(k) ? length : 1));
  const offsets = [...build(inner, 'int32', (place) => indexOf(place, x.shape)).values];
  const groups: number[][] = [];
  const reduced = build(kept, x.dtype, (place, index) => {
    const start = indexOf(place, x.shape);
    groups[index] = offsets.map((offset) => x.values[start + offset]!);
    return of(groups[index]);
  });
  const shape = keepDims === true ? kept : x.shape.filter((_, k) => !axes.has(k));
  const { values } = reduced;
  return boundOf === undefined || x.dtype !== 'float32'
    ? { ...reduced, shape }
    : { ...reduced, shape, bound: values.map((value, index) => boundOf(groups[index]!, value)) };
}

const total = (group: readonly number[]): number => group.reduce((sum, value) => sum + value, 0);
const magnitude = (group: readonly number[]): number =>
  group.reduce((sum, value) => sum + Math.abs(value), 0);

/** Roundings: n − 1 additions. */
const sum: Reference = (inputs, attrs) =>
  reduce(need(inputs, 'x'), attrs, total, (group) => gamma(group.length - 1) * magnitude(group));

/** Roundings: n − 1 additions, 1/n, and the product with it. */
const mean: Reference = (inputs, attrs) =>
  reduce(
    need(inputs, 'x'),
    attrs,
    (group) => total(group) / group.length,
    (group) => (gamma(group.length + 1) * magnitude(group)) / group.length,
  );

const product: Reference = (inputs, attrs) =>
  reduce(
    need(inputs, 'x'),
    attrs,
    (group) => group.reduce((result, value) => result * value, 1),
    (group, value) => gamma(group.length - 1) * Math.abs(value),
  );

const exactly =
  (of: (group: readonly number[]) => number): Reference =>
  (inputs, attrs) =>
    reduce(need(inputs, 'x'), attrs, of);

const argument =
  (better: (a: number, b: number) => boolean): Reference =>
  (inputs, attrs) => ({
    ...reduce(need(inputs, 'x'), attrs, (group) =>
      group.reduce((best, value, index) => (better(value, group[best]!) ? index : best), 0),
    ),
    dtype: 'int32',
  });

/**
 * exp(xᵢ − m) / Σ exp(xⱼ − m) with m the maximum. The difference's rounding becomes a relative error of the
 * exponential in proportion to the difference. The exponential adds 2 roundings, the sum n − 1, the quotient 1.
 */
function softmax(inputs: Inputs, { dim }: Attributes): Result {
  const x = need(inputs, 'logits');
  const length = x.shape[dim as number]!;
  const values = new Float64Array(sizeOf(x.shape));
  const bound = new Float64Array(values.length);
  for (let row = 0; row < values.length; row += length) {
    const logits = [...x.values.subarray(row, row + length)];
    const largest = Math.max(...logits);
    const exponentials = logits.map((value) => Math.exp(value - largest));
    const sum = total(exponentials);
    const errors = logits.map((value) => gamma(2) + gamma(1) * (largest - value));
    const ofSum = total(exponentials.map((value, k) => value * errors[k]!)) / sum + gamma(length - 1);
    for (const [k, value] of exponentials.entries()) {
      values[row + k] = value / sum;
      bound[row + k] = (value / sum) * (errors[k]! + ofSum + gamma(1));
    }
  }
  return { shape: x.shape, dtype: x.dtype, values, bound };
}

/** Adds up the rows of `x` by segment. */
function segmentSum(inputs: Inputs, { numSegments }: Attributes): Result {
  const [x, ids] = [need(inputs, 'x'), need(inputs, 'segmentIds')];
  const shape = [numSegments as number, ...x.shape.slice(ids.shape.length)];
  const width = sizeOf(shape.slice(1));
  const values = new Float64Array(sizeOf(shape));
  const absolute = new Float64Array(values.length);
  const counts = new Uint32Array(values.length);
  for (const [index, value] of x.values.entries()) {
    const to = ids.values[Math.floor(index / width)]! * width + (index % width);
    values[to]! += value;
    absolute[to]! += Math.abs(value);
    counts[to]! += 1;
  }
  const bound = absolute.map((size, index) => gamma(Math.max(0, counts[index]! - 1)) * size);
  return { shape, dtype: x.dtype, values, ...(x.dtype === 'float32' && { bound }) };
}

export const REDUCTIONS: readonly [string, Reference][] = [
  ['Sum', sum],
  ['Mean', mean],
  ['Prod', product],
  ['Max', exactly((group) => Math.max(...group))],
  ['Min', exactly((group) => Math.min(...group))],
  ['All', exactly((group) => Number(group.every((value) => value !== 0)))],
  ['Any', exactly((group) => Number(group.some((value) => value !== 0)))],
  ['ArgMax', argument((a, b) => a > b)],
  ['ArgMin', argument((a, b) => a < b)],
  ['Softmax', softmax],
  ['UnsortedSegmentSum', segmentSum],
];

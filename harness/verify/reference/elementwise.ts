/** Elementwise kernels, with broadcasting. */
import type { DataType } from '@tensorflow/tfjs-core';
import {
  type Attributes,
  build,
  gamma,
  type Inputs,
  need,
  type Reference,
  type Result,
  type Tensor64,
} from './tensor.ts';

/** Bound for a periodic function: two roundings of the reduced argument, plus the function's own error. */
const periodic = (of: (x: number) => number, derivative: (x: number) => number) => (x: number) =>
  gamma(2) * (Math.abs(of(x)) + Math.max(Math.abs(x), 2 * Math.PI) * Math.abs(derivative(x)));

/**
 * Roundings are counted in units of u for the textbook formula. Each + − × ÷ √ is rounded correctly, as IEEE 754
 * requires, and counts 1. A C library function is off by less than one unit in the last place, 2u, and counts 2.
 * Formulas with cancellation have an absolute bound.
 */
interface Function1 {
  readonly of: (x: number) => number;
  readonly roundings?: number;
  readonly absolute?: (x: number) => number;
  readonly dtype?: DataType;
}

/** exp(x) − 1: 2 roundings of the exponential and 1 of the difference. */
const expm1Bound = (x: number): number => gamma(2) * Math.exp(x) + gamma(1) * Math.abs(Math.expm1(x));

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const UNARY: Record<string, Function1> = {
  Abs: { of: Math.abs },
  Ceil: { of: Math.ceil },
  Cos: { of: Math.cos, absolute: periodic(Math.cos, Math.sin) },
  // exp(x) − 1 for x < 0.
  Elu: { of: (x) => (x < 0 ? Math.expm1(x) : x), absolute: (x) => (x < 0 ? expm1Bound(x) : 0) },
  Exp: { of: Math.exp, roundings: 2 },
  Expm1: { of: Math.expm1, absolute: (x) => expm1Bound(x) },
  Floor: { of: Math.floor },
  IsNan: { of: (x) => Number(Number.isNaN(x)), dtype: 'bool' },
  Log: { of: Math.log, roundings: 2 },
  Log1p: { of: Math.log1p, absolute: (x) => gamma(1) + gamma(2) * Math.abs(Math.log1p(x)) },
  LogicalNot: { of: (x) => Number(x === 0), dtype: 'bool' },
  Neg: { of: (x) => -x },
  Reciprocal: { of: (x) => 1 / x, roundings: 1 },
  Relu: { of: (x) => Math.max(x, 0) },
  Relu6: { of: (x) => Math.min(Math.max(x, 0), 6) },
  Rsqrt: { of: (x) => 1 / Math.sqrt(x), roundings: 2 },
  // exp(−x): 2, the sum: 1, the quotient: 1.
  Sigmoid: { of: sigmoid, roundings: 4 },
  Sign: { of: Math.sign },
  Sin: { of: Math.sin, absolute: periodic(Math.sin, Math.cos) },
  // log(1 + exp(x)): the logarithm turns its argument's relative error into an absolute error.
  Softplus: {
    of: (x) => Math.log1p(Math.exp(x)),
    absolute: (x) => gamma(3) + gamma(2) * Math.log1p(Math.exp(x)),
  },
  Sqrt: { of: Math.sqrt, roundings: 1 },
  Square: { of: (x) => x * x, roundings: 1 },
  // t/(t + 2) with t = expm1(2x). expm1: 2, the sum: 1, the quotient: 1.
  Tanh: { of: Math.tanh, roundings: 4 },
};

interface Function2 {
  readonly of: (a: number, b: number) => number;
  readonly roundings?: number;
  readonly dtype?: DataType;
}

const compare = (of: (a: number, b: number) => boolean): Function2 => ({
  of: (a, b) => Number(of(a, b)),
  dtype: 'bool',
});

const BINARY: Record<string, Function2> = {
  Add: { of: (a, b) => a + b, roundings: 1 },
  Equal: compare((a, b) => a === b),
  Greater: compare((a, b) => a > b),
  GreaterEqual: compare((a, b) => a >= b),
  Less: compare((a, b) => a < b),
  LessEqual: compare((a, b) => a <= b),
  LogicalAnd: compare((a, b) => a !== 0 && b !== 0),
  LogicalOr: compare((a, b) => a !== 0 || b !== 0),
  Maximum: { of: Math.max },
  Minimum: { of: Math.min },
  Multiply: { of: (a, b) => a * b, roundings: 1 },
  NotEqual: compare((a, b) => a !== b),
  Pow: { of: (a, b) => a ** b, roundings: 2 },
  RealDiv: { of: (a, b) => a / b, roundings: 1 },
  // The square doubles the difference's relative error.
  SquaredDifference: { of: (a, b) => (a - b) ** 2, roundings: 3 },
  Sub: { of: (a, b) => a - b, roundings: 1 },
};

/** Integers and booleans do not round. */
function rounded(tensor: Tensor64, boundOf: ((value: number, index: number) => number) | undefined): Result {
  return tensor.dtype === 'float32' && boundOf !== undefined
    ? { ...tensor, bound: tensor.values.map(boundOf) }
    : tensor;
}

function unary({ of, roundings, absolute, dtype }: Function1): Reference {
  return (inputs) => {
    const x = inputs.x ?? need(inputs, 'a');
    const result = { shape: x.shape, dtype: dtype ?? x.dtype, values: x.values.map(of) };
    if (absolute !== undefined) return rounded(result, (_, index) => absolute(x.values[index]!));
    return rounded(
      result,
      roundings === undefined ? undefined : (value) => gamma(roundings) * Math.abs(value),
    );
  };
}

/** Aligns shapes at the last axis. Axes that are missing or have length 1 broadcast. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
}

/** Returns the element of a tensor at a place of the shape that it is broadcast to. */
export function broadcastAt({ shape, values }: Tensor64, place: readonly number[]): number {
  const missing = place.length - shape.length;
  let index = 0;
  for (let axis = 0; axis < shape.length; axis += 1) {
    const length = shape[axis]!;
    index = index * length + (length === 1 ? 0 : place[missing + axis]!);
  }
  return values[index]!;
}

function binary({ of, roundings, dtype }: Function2): Reference {
  return (inputs) => {
    const [a, b] = [need(inputs, 'a'), need(inputs, 'b')];
    const shape = broadcastShape(a.shape, b.shape);
    const result = build(shape, dtype ?? a.dtype, (place) =>
      of(broadcastAt(a, place), broadcastAt(b, place)),
    );
    return rounded(
      result,
      roundings === undefined ? undefined : (value) => gamma(roundings) * Math.abs(value),
    );
  };
}

const mapped = <T>(of: Record<string, T>, make: (each: T) => Reference): [string, Reference][] =>
  Object.entries(of).map(([kernel, each]) => [kernel, make(each)]);

export const ELEMENTWISE: readonly [string, Reference][] = [
  ...mapped(UNARY, unary),
  ...mapped(BINARY, binary),
  [
    'LinSpace',
    (_, { start, stop, num }) => {
      const [first, last, count] = [start, stop, num] as [number, number, number];
      const line = build([count], 'float32', (_, index) => first + (index * (last - first)) / (count - 1));
      // The difference, the quotient, and one addition for each previous number.
      return rounded(line, () => gamma(count + 2) * (Math.abs(first) + Math.abs(last)));
    },
  ],
  ['Step', ({ x }, { alpha }) => stepped(x!, alpha as number)],
  ['LeakyRelu', ({ x }, { alpha }) => leaky(x!, alpha as number)],
  [
    'ClipByValue',
    ({ x }, { clipValueMin: low, clipValueMax: high }) => ({
      ...x!,
      values: x!.values.map((value) =>
        Math.min(Math.max(value, Math.fround(low as number)), Math.fround(high as number)),
      ),
    }),
  ],
  [
    'EluGrad',
    // dy · (y + 1) for y < 0.
    ({ dy, y }) =>
      rounded(
        { ...dy!, values: dy!.values.map((d, k) => (y!.values[k]! >= 0 ? d : d * (y!.values[k]! + 1))) },
        (v, k) => (y!.values[k]! >= 0 ? 0 : gamma(2) * Math.abs(v)),
      ),
  ],
  ['FusedBatchNorm', batchNorm],
  [
    'Select',
    ({ condition, t, e }) => ({
      ...t!,
      values: t!.values.map((value, index) =>
        condition!.values[Math.floor((index * condition!.values.length) / t!.values.length)] === 0
          ? e!.values[index]!
          : value,
      ),
    }),
  ],
];

/**
 * (x − mean) · scale / √(variance + ε) + offset. Some backends multiply x and the mean separately, so the bound
 * uses the magnitude of the terms, not of their difference. Roundings: the sum with ε 1, the root 1, the quotient 1,
 * the products 2, the sums 2.
 */
function batchNorm(inputs: Inputs, { varianceEpsilon }: Attributes): Result {
  const [x, mean, variance] = [need(inputs, 'x'), need(inputs, 'mean'), need(inputs, 'variance')];
  const { offset, scale } = inputs;
  const bounds: number[] = [];
  const normal = build(x.shape, x.dtype, (place) => {
    const factor =
      (scale ? broadcastAt(scale, place) : 1) /
      Math.sqrt(broadcastAt(variance, place) + (varianceEpsilon as number));
    const terms = [
      broadcastAt(x, place) * factor,
      -broadcastAt(mean, place) * factor,
      offset ? broadcastAt(offset, place) : 0,
    ];
    bounds.push(gamma(7) * terms.reduce((sum, term) => sum + Math.abs(term), 0));
    return terms.reduce((sum, term) => sum + term, 0);
  });
  return { ...normal, bound: Float64Array.from(bounds) };
}

function stepped(x: Tensor64, alpha: number): Result {
  return { ...x, values: x.values.map((value) => (value > 0 ? 1 : Math.fround(alpha))) };
}

function leaky(x: Tensor64, alpha: number): Result {
  // Roundings: the slope to float32, and the product.
  return rounded({ ...x, values: x.values.map((value) => (value < 0 ? alpha * value : value)) }, (value) =>
    value < 0 ? gamma(2) * Math.abs(value) : 0,
  );
}

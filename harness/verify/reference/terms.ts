/**
 * Kernels that are sums of products, each given by nothing but its terms: which element of the output gets which
 * element of one input, times which element of the other. Its gradients are the same terms read the other way,
 * so that none is written by hand.
 */
import { gamma, type Result, sizeOf, type Tensor64 } from './tensor.ts';

/** Calls `visit` for each term: output[o] += x[i] · filter[j]. */
export type Terms = (visit: (o: number, i: number, j: number) => void) => void;

/**
 * Σ a·b over the terms that `at` names, with the bound of a sum in any order, γₙ Σ|a·b|.
 * @param extra roundings of a term beyond those of one product and of the sum
 */
export function sumOfProducts(
  terms: Terms,
  shape: readonly number[],
  a: Float64Array,
  b: Float64Array,
  at: (o: number, i: number, j: number) => readonly [out: number, a: number, b: number],
  extra = 0,
): Result & { bound: Float64Array; magnitude: Float64Array; counts: Uint32Array } {
  const size = sizeOf(shape);
  const values = new Float64Array(size);
  const magnitude = new Float64Array(size);
  const counts = new Uint32Array(size);
  terms((o, i, j) => {
    const [out, first, second] = at(o, i, j);
    const product = a[first]! * b[second]!;
    values[out]! += product;
    magnitude[out]! += Math.abs(product);
    counts[out]! += 1;
  });
  const bound = magnitude.map((sum, index) => gamma(counts[index]! + extra) * sum);
  return { shape, dtype: 'float32', values, bound, magnitude, counts };
}

/** Calls `visit` for each term of a linear kernel: output[o] += weight · x[i]. */
export type LinearTerms = (visit: (o: number, i: number, weight: number) => void) => void;

export interface LinearOptions {
  /** Roundings of each term besides the sum's: 0 where the weights are all 1. */
  readonly roundings: number;
  /** How far float32 may be off in each weight, if the weights are computed. */
  readonly weightError?: number;
}

/** The kernel, or with `transposed` its gradient: from the output's shape to the input's. */
export function linear(
  terms: LinearTerms,
  x: Tensor64,
  shape: readonly number[],
  { roundings, weightError = 0 }: LinearOptions,
  transposed = false,
): Result {
  const size = sizeOf(shape);
  const values = new Float64Array(size);
  const magnitude = new Float64Array(size);
  const unweighted = new Float64Array(size);
  const counts = new Uint32Array(size);
  terms((o, i, weight) => {
    const [to, from] = transposed ? [i, o] : [o, i];
    const term = weight * x.values[from]!;
    values[to]! += term;
    magnitude[to]! += Math.abs(term);
    unweighted[to]! += Math.abs(x.values[from]!);
    counts[to]! += 1;
  });
  // A sum of n terms is n − 1 additions.
  const bound = magnitude.map(
    (sum, index) =>
      gamma(Math.max(0, counts[index]! - 1) + roundings) * sum + weightError * unweighted[index]!,
  );
  return { shape, dtype: x.dtype, values, bound };
}

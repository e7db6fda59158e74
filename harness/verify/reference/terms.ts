/**
 * Kernels that are sums of products, defined only by their terms: which output element adds the product of which input
 * elements. The gradients reuse the same terms in reverse, so they need no code of their own.
 */
import { gamma, type Result, sizeOf, type Tensor64 } from './tensor.ts';

/** Calls `visit` for each term: result[o] += a[i] · b[j]. */
export type Terms = (visit: (o: number, i: number, j: number) => void) => void;

/**
 * Computes Σ a·b over the terms, with the bound γₙ Σ|a·b|, which holds for any order of the sum.
 */
export function sumOfProducts(
  terms: Terms,
  shape: readonly number[],
  a: Float64Array,
  b: Float64Array,
): Result & { bound: Float64Array; magnitude: Float64Array; counts: Uint32Array } {
  const size = sizeOf(shape);
  const values = new Float64Array(size);
  const magnitude = new Float64Array(size);
  const counts = new Uint32Array(size);
  terms((o, i, j) => {
    const product = a[i]! * b[j]!;
    values[o]! += product;
    magnitude[o]! += Math.abs(product);
    counts[o]! += 1;
  });
  const bound = magnitude.map((sum, index) => gamma(counts[index]!) * sum);
  return { shape, dtype: 'float32', values, bound, magnitude, counts };
}

/** Calls `visit` for each term of a linear kernel: output[o] += weight · x[i]. */
export type LinearTerms = (visit: (o: number, i: number, weight: number) => void) => void;

export interface LinearOptions {
  /** Roundings per term, not counting the sum: 0 if all weights are 1. */
  readonly roundings: number;
  /** Absolute error of each weight in float32, if the weights are computed. */
  readonly weightError?: number;
}

/** Computes the kernel or, with `transposed`, its gradient, which maps the output's shape to the input's. */
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
  // A sum of n terms takes n − 1 additions.
  const bound = magnitude.map(
    (sum, index) =>
      gamma(Math.max(0, counts[index]! - 1) + roundings) * sum + weightError * unweighted[index]!,
  );
  return { shape, dtype: x.dtype, values, bound };
}

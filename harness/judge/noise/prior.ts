/**
 * The distribution that the variances of many things share: a scaled inverse χ², fitted by the moments of the
 * logarithms (Smyth 2004, section 6.2).
 */
import { digamma, inverseTrigamma, MOST_DEGREES, trigamma } from './statistics.ts';

export interface Prior {
  /** The degrees of freedom that the common variance is worth; 0 if the things have nothing in common. */
  readonly degrees: number;
  readonly variance: number;
}

/** @param degrees the degrees of freedom of each variance estimate */
export function priorOf(variances: readonly number[], degrees: number): Prior {
  // A variance of 0 has no logarithm. Leaving such things out makes the common variance larger.
  const logarithms = variances
    .filter((variance) => variance > 0)
    .map((variance) => Math.log(variance) - digamma(degrees / 2) + Math.log(degrees / 2));
  if (logarithms.length < 2) return { degrees: 0, variance: 0 };
  const ema = mean(logarithms);
  const squares = logarithms.reduce((sum, each) => sum + (each - ema) ** 2, 0) / (logarithms.length - 1);
  const excess = squares - trigamma(degrees / 2);
  const prior = excess > 0 ? Math.min(2 * inverseTrigamma(excess), MOST_DEGREES) : MOST_DEGREES;
  return { degrees: prior, variance: Math.exp(ema + digamma(prior / 2) - Math.log(prior / 2)) };
}

export const mean = (values: readonly number[] | Float64Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
};

/** The median of each group's values; NaN if a group has none. A median is robust against single zeros and outliers. */
export function mediansOf(values: Float64Array, groups: Uint32Array, count: number): Float64Array {
  const starts = new Uint32Array(count + 1);
  for (const group of groups) starts[group + 1]! += 1;
  for (let group = 0; group < count; group += 1) starts[group + 1]! += starts[group]!;
  const next = starts.slice();
  const grouped = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += 1) grouped[next[groups[at]!]!++] = values[at]!;
  return Float64Array.from({ length: count }, (_, group) =>
    median(grouped.subarray(starts[group], starts[group + 1])),
  );
}

/** Reorders the values. */
function median(values: Float64Array): number {
  if (values.length === 0) return Number.NaN;
  const upper = values.length >> 1;
  const high = select(values, upper);
  if (values.length % 2 === 1) return high;
  return (values.subarray(0, upper).reduce((most, value) => Math.max(most, value)) + high) / 2;
}

/** The value at `place` in sorted order, by Hoare's quickselect. Afterwards no larger value is left of it. */
function select(values: Float64Array, place: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let [left, right] = [low, high];
    while (left <= right) {
      while (values[left]! < pivot) left += 1;
      while (values[right]! > pivot) right -= 1;
      if (left > right) break;
      const swapped = values[left]!;
      values[left] = values[right]!;
      values[right] = swapped;
      left += 1;
      right -= 1;
    }
    if (place <= right) high = right;
    else if (place >= left) low = left;
    else break;
  }
  return values[place]!;
}

/** The exponent with which values grow with the step, by least squares of the logarithms; at least 0. */
export function growthOf(values: ReadonlyMap<number, number>): number {
  const points = [...values]
    .filter(([, value]) => value > 0)
    .map(([step, value]) => ({ x: Math.log(step), y: Math.log(value) }));
  if (points.length < 3) return 0;
  const [x0, y0] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const slope =
    points.reduce((sum, { x, y }) => sum + (x - x0) * (y - y0), 0) /
    points.reduce((sum, { x }) => sum + (x - x0) ** 2, 0);
  return Math.max(0, slope);
}

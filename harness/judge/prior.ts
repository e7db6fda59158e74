/**
 * What the variances of many things say together of each: a scaled inverse χ² distribution, fitted by the
 * moments of the logarithms (Smyth 2004, section 6.2).
 */
import { digamma, inverseTrigamma, MOST_DEGREES, trigamma } from './statistics.ts';

export interface Prior {
  /** How many degrees of freedom the common variance is worth; 0 where nothing is in common. */
  readonly degrees: number;
  readonly variance: number;
}

/** @param degrees of freedom that each variance was estimated with */
export function priorOf(variances: readonly number[], degrees: number): Prior {
  // Things that are equal in all controls have no logarithm; without them the common variance is the larger.
  const logarithms = variances
    .filter((variance) => variance > 0)
    .map((variance) => Math.log(variance) - digamma(degrees / 2) + Math.log(degrees / 2));
  if (logarithms.length < 2) return { degrees: 0, variance: 0 };
  const average = mean(logarithms);
  const squares = logarithms.reduce((sum, each) => sum + (each - average) ** 2, 0) / (logarithms.length - 1);
  const excess = squares - trigamma(degrees / 2);
  const prior = excess > 0 ? Math.min(2 * inverseTrigamma(excess), MOST_DEGREES) : MOST_DEGREES;
  return { degrees: prior, variance: Math.exp(average + digamma(prior / 2) - Math.log(prior / 2)) };
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The median of the values of each group, which is NaN for one without any. One that is 0 by chance, or a wild one, is one. */
export function mediansOf(values: readonly number[], groups: readonly number[], count: number): Float64Array {
  const ends = new Uint32Array(count);
  for (const group of groups) ends[group]! += 1;
  for (let group = 1; group < count; group += 1) ends[group]! += ends[group - 1]!;
  const next = new Uint32Array(count);
  for (let group = 1; group < count; group += 1) next[group] = ends[group - 1]!;
  const sorted = new Float64Array(values.length);
  for (let at = 0; at < values.length; at += 1) sorted[next[groups[at]!]!++] = values[at]!;
  return Float64Array.from(ends, (end, group) =>
    median(sorted.subarray(group === 0 ? 0 : ends[group - 1]!, end)),
  );
}

function median(values: Float64Array): number {
  values.sort();
  const half = values.length / 2;
  return (values[Math.ceil(half) - 1]! + values[Math.floor(half)]!) / 2;
}

/** The exponent with which values grow in the step, by least squares of the logarithms; at least 0. */
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

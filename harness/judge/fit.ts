/** What the controls say of a quantity's noise: the variance of each thing, and what they have in common. */
import { growthOf, mean, mediansOf, type Prior, priorOf } from './prior.ts';
import { isCurve, type Quantity } from './quantities.ts';
import type { Spreads, SpreadsAt } from './spreads.ts';

export interface Fit {
  /** Standard deviation of each value in one run, relative: by its own variance, its thing's or the prior's. */
  deviations(step: number, spreads: Spreads): Float64Array;
  readonly prior: Prior;
  /** Root mean square of the relative deviations. */
  readonly floor: number;
  /** Values that a thing's variance is pooled over, on average. */
  readonly valuesEach: number;
  /** What is noisy and judged: how many things, and how many values. */
  readonly things: number;
  readonly comparisons: number;
}

/** The values whose variance is pooled: those of one name; of tensors and pictures, at one step. */
const thingOf = (quantity: Quantity, step: number, name: string): string =>
  isCurve(quantity) ? name : `${step} ${name}`;

/**
 * @param steps those that are measured: others, of a warm-up say, may be as noisy as they like
 * @param isJudged which of them the resumed runs are compared at
 */
export function fitOf(
  quantity: Quantity,
  steps: readonly number[],
  isJudged: (step: number) => boolean,
  spreadsAt: SpreadsAt,
  degrees: number,
): Fit {
  const ids = new Map<string, number>();
  const judged = new Set<string>();
  let comparisons = 0;
  // Of each measured value: its variance, its thing and its step's place.
  const [variances, things, places]: [number[], number[], number[]] = [[], [], []];
  steps.forEach((step, place) => {
    const spreads = spreadsAt(quantity, step);
    if (spreads === undefined) return;
    const counts = isJudged(step);
    const { names, starts, still, variances: own } = spreads;
    names.forEach((name, index) => {
      const thing = thingOf(quantity, step, name);
      for (let at = starts[index]!; at < starts[index + 1]!; at += 1) {
        if (still[at] === 1) continue;
        if (counts) {
          comparisons += 1;
          judged.add(thing);
        }
        if (Number.isNaN(own[at])) continue;
        let id = ids.get(thing);
        if (id === undefined) {
          id = ids.size;
          ids.set(thing, id);
        }
        variances.push(own[at]!);
        things.push(id);
        places.push(place);
      }
    });
  });
  const growth = isCurve(quantity) ? growthAmong(steps, variances, things, places, ids.size) : 0;
  const grown = steps.map((step) => step ** growth);
  const pooled = mediansOf(
    variances.map((variance, at) => variance / grown[places[at]!]!),
    things,
    ids.size,
  );
  const prior = priorOf([...pooled], degrees);
  return {
    prior,
    floor: Math.sqrt(mean(variances)),
    valuesEach: variances.length / Math.max(1, ids.size),
    things: judged.size,
    comparisons,
    deviations(step, { names, starts, variances: own }) {
      const deviations = new Float64Array(own.length);
      const factor = step ** growth;
      names.forEach((name, index) => {
        const id = ids.get(thingOf(quantity, step, name));
        const flat = id === undefined ? 0 : pooled[id]!;
        const moderated = (prior.degrees * prior.variance + degrees * flat) / (prior.degrees + degrees);
        const common = Math.max(flat, moderated) * factor;
        for (let at = starts[index]!; at < starts[index + 1]!; at += 1) {
          deviations[at] = Math.sqrt(Math.max(own[at]!, common));
        }
      });
      return deviations;
    },
  };
}

/** The exponent with which the variances grow in the step, each taken relative to its thing's. */
function growthAmong(
  steps: readonly number[],
  variances: readonly number[],
  things: readonly number[],
  places: readonly number[],
  count: number,
): number {
  const flat = mediansOf(variances, things, count);
  const relative = variances.map((variance, at) => variance / flat[things[at]!]!);
  // Of a thing that is the same in most of its steps there is nothing to be relative to.
  const known = (_: number, at: number): boolean => flat[things[at]!]! > 0;
  const medians = mediansOf(relative.filter(known), places.filter(known), steps.length);
  return growthOf(new Map(steps.map((step, place) => [step, medians[place]!])));
}

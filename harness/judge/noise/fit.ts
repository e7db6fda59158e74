/** Estimates a quantity's noise from the controls: the variance of each thing, and the prior that they share. */
import { isCurve, type Quantity } from '../quantities.ts';
import { growthOf, mean, mediansOf, type Prior, priorOf } from './prior.ts';
import type { Spreads, SpreadsAt } from './spreads.ts';

export interface Fit {
  /** The relative standard deviation of each value in one run, from its own variance, its thing's or the prior's. */
  deviations(step: number, spreads: Spreads): Float64Array;
  readonly prior: Prior;
  /** Root mean square of the relative deviations. */
  readonly floor: number;
  /** The mean number of values that a thing's variance is pooled over. */
  readonly valuesEach: number;
  /** The number of things, and of values, that are noisy and judged. */
  readonly things: number;
  readonly comparisons: number;
}

/** The key of the values whose variance is pooled: the name, and the step for tensors and samples. */
const thingOf = (quantity: Quantity, step: number, name: string): string =>
  isCurve(quantity) ? name : `${step} ${name}`;

/**
 * @param steps the measured steps; others, such as those of a warm-up, may have any noise
 * @param isJudged whether the resumed runs are compared at a step
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
  const parts: Measured[] = [];
  steps.forEach((step, place) => {
    const spreads = spreadsAt(quantity, step);
    if (spreads === undefined) return;
    const counts = isJudged(step);
    const { names, starts, still, variances: own } = spreads;
    const part = emptyMeasured(own.length);
    let known = 0;
    for (let index = 0; index < names.length; index += 1) {
      const thing = thingOf(quantity, step, names[index]!);
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
        part.variances[known] = own[at]!;
        part.things[known] = id;
        part.places[known] = place;
        known += 1;
      }
    }
    parts.push(known === own.length ? part : firstOf(part, known));
  });
  const measured = together(parts);
  const { variances, things, places } = measured;
  const growth = isCurve(quantity) ? growthAmong(steps, measured, ids.size) : 0;
  const grown = Float64Array.from(steps, (step) => step ** growth);
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

/** For each value with a variance: the variance, its thing, and the place of its step among the steps. */
interface Measured {
  readonly variances: Float64Array;
  readonly things: Uint32Array;
  readonly places: Uint32Array;
}

const emptyMeasured = (length: number): Measured => ({
  variances: new Float64Array(length),
  things: new Uint32Array(length),
  places: new Uint32Array(length),
});

const firstOf = ({ variances, things, places }: Measured, count: number): Measured => ({
  variances: variances.slice(0, count),
  things: things.slice(0, count),
  places: places.slice(0, count),
});

function together(parts: readonly Measured[]): Measured {
  const all = emptyMeasured(parts.reduce((sum, { things }) => sum + things.length, 0));
  let at = 0;
  for (const part of parts) {
    all.variances.set(part.variances, at);
    all.things.set(part.things, at);
    all.places.set(part.places, at);
    at += part.things.length;
  }
  return all;
}

/** The exponent with which the variances, relative to their thing's, grow with the step. */
function growthAmong(
  steps: readonly number[],
  { variances, things, places }: Measured,
  count: number,
): number {
  const flat = mediansOf(variances, things, count);
  const relative = emptyMeasured(variances.length);
  let known = 0;
  for (let at = 0; at < variances.length; at += 1) {
    // A thing that does not vary in most of its steps gives no scale.
    if (!(flat[things[at]!]! > 0)) continue;
    relative.variances[known] = variances[at]! / flat[things[at]!]!;
    relative.places[known] = places[at]!;
    known += 1;
  }
  const medians = mediansOf(
    relative.variances.subarray(0, known),
    relative.places.subarray(0, known),
    steps.length,
  );
  return growthOf(new Map(steps.map((step, place) => [step, medians[place]!])));
}

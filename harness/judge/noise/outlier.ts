/** A control that lies far from all others, which agree: it would widen every interval, and is not one more draw. */
import type { Trace } from '../../trace/schema.ts';
import { QUANTITIES, type Quantity, RESOLUTION, type Values, valuesAt } from '../quantities.ts';
import { FALSE_ALARM } from './noise.ts';
import { studentQuantile } from './statistics.ts';

export interface Outlier {
  readonly control: Trace;
  readonly quantity: Quantity;
  /** The parameter, tensor or sample; empty for the loss. */
  readonly name: string;
  /** Distance from the mean of the others, in their standard deviations. */
  readonly distance: number;
  readonly allowed: number;
}

/** Fewer controls do not show which of them is the outlier. */
const LEAST = 3;

/** A rounding of each operand, in relative terms: no two equal runs are known to be closer. */
const FLOOR = 4 * RESOLUTION;

/**
 * The control that is farthest from the others, if that is farther than noise goes. Over all steps of a thing, the
 * distance of one control from the mean of the others is divided by their standard deviation. For one random number
 * that moves all steps, this follows Student's t with one degree of freedom less than the others have.
 * @param controls equal runs on one backend
 */
export function outlierAmong(
  controls: readonly Trace[],
  stepsOf: (quantity: Quantity) => readonly number[],
): Outlier | undefined {
  if (controls.length < LEAST) return undefined;
  const found = QUANTITIES.map((quantity) => farthestOf(controls, quantity, stepsOf(quantity)));
  const things = found.reduce((sum, each) => sum + each.things, 0);
  const allowed = studentQuantile(
    FALSE_ALARM / (2 * Math.max(1, things * controls.length)),
    controls.length - 2,
  );
  const worst = found.reduce((most, each) => (each.distance > most.distance ? each : most));
  return worst.distance > allowed
    ? {
        control: controls[worst.control]!,
        quantity: worst.quantity,
        name: worst.name,
        distance: worst.distance,
        allowed,
      }
    : undefined;
}

interface Farthest {
  readonly quantity: Quantity;
  readonly things: number;
  readonly control: number;
  readonly name: string;
  readonly distance: number;
}

function farthestOf(controls: readonly Trace[], quantity: Quantity, steps: readonly number[]): Farthest {
  const sums = new Map<string, { readonly own: Float64Array; readonly others: Float64Array }>();
  for (const step of steps) {
    const all = controls.map((control) => valuesAt(control, quantity, step));
    if (all.every((values) => values !== undefined)) addStep(all as Values[], sums);
  }
  let farthest: Farthest = { quantity, things: sums.size, control: 0, name: '', distance: 0 };
  const count = controls.length;
  for (const [name, { own, others }] of sums) {
    for (let control = 0; control < count; control += 1) {
      // The others' variance has count − 2 degrees of freedom; the distance from their mean has its error, too.
      const variance = others[control]! / (count - 2);
      const distance = Math.sqrt(own[control]! / (variance * (1 + 1 / (count - 1))));
      if (distance > farthest.distance) farthest = { ...farthest, control, name, distance };
    }
  }
  return farthest;
}

/** Adds the squares of each control's distance from the others' mean, and of theirs from it, relative to the size. */
function addStep(
  all: readonly Values[],
  sums: Map<string, { own: Float64Array; others: Float64Array }>,
): void {
  const [{ names, starts, quantum }] = all as [Values, ...Values[]];
  const count = all.length;
  const values = new Float64Array(count);
  names.forEach((name, thing) => {
    for (let at = starts[thing]!; at < starts[thing + 1]!; at += 1) {
      let sum = 0;
      for (let control = 0; control < count; control += 1) {
        const value = all[control]!.values[at] ?? Number.NaN;
        values[control] = value;
        sum += value;
      }
      if (!Number.isFinite(sum)) continue;
      const middle = sum / count;
      // A projection may lie anywhere near 0: it is as large as the norm, which comes first.
      const size = Math.abs(at === starts[thing] ? middle : (all[0]!.values[starts[thing]!] ?? middle));
      if (size === 0) continue;
      const least = Math.max(FLOOR, (2 * quantum(thing)) / size) ** 2 * (count - 2);
      let squares = 0;
      for (const value of values) squares += (value - middle) ** 2;
      let entry = sums.get(name);
      if (entry === undefined) {
        entry = { own: new Float64Array(count), others: new Float64Array(count) };
        sums.set(name, entry);
      }
      for (let control = 0; control < count; control += 1) {
        const distance = values[control]! - middle;
        entry.own[control]! += ((distance * count) / (count - 1) / size) ** 2;
        entry.others[control]! += Math.max(
          least,
          (squares - (distance ** 2 * count) / (count - 1)) / size ** 2,
        );
      }
    }
  });
}

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
  const sums = new Map<readonly string[], Sums>();
  for (const step of steps) {
    const all = controls.map((control) => valuesAt(control, quantity, step));
    const [first] = all;
    if (first === undefined || !all.every((values) => values?.names.length === first.names.length)) continue;
    let own = sums.get(first.names);
    if (own === undefined) {
      own = { own: squaresOf(controls, first), others: squaresOf(controls, first) };
      sums.set(first.names, own);
    }
    addStep(all as Values[], own);
  }
  const things = Math.max(0, ...[...sums.keys()].map(({ length }) => length));
  let farthest: Farthest = { quantity, things, control: 0, name: '', distance: 0 };
  const count = controls.length;
  for (const [names, { own, others }] of sums) {
    for (let control = 0; control < count; control += 1) {
      for (let thing = 0; thing < names.length; thing += 1) {
        // The others' variance has count − 2 degrees of freedom; the distance from their mean has its error, too.
        const variance = (others[control]![thing]! / (count - 2)) * (1 + 1 / (count - 1));
        const distance = variance === 0 ? 0 : Math.sqrt(own[control]![thing]! / variance);
        if (distance > farthest.distance) farthest = { ...farthest, control, name: names[thing]!, distance };
      }
    }
  }
  return farthest;
}

/** By control and thing: the squares of its distance from the others' mean, and of theirs, relative to the size. */
interface Sums {
  readonly own: readonly Float64Array[];
  readonly others: readonly Float64Array[];
}

const squaresOf = (controls: readonly Trace[], { names }: Values): Float64Array[] =>
  controls.map(() => new Float64Array(names.length));

function addStep(all: readonly Values[], { own, others }: Sums): void {
  const [{ names, starts, quantum, values: first }] = all as [Values, ...Values[]];
  const count = all.length;
  const columns = all.map(({ values }) => values);
  for (let thing = 0; thing < names.length; thing += 1) {
    const start = starts[thing]!;
    for (let at = start; at < starts[thing + 1]!; at += 1) {
      let sum = 0;
      for (const column of columns) sum += column[at] ?? Number.NaN;
      if (!Number.isFinite(sum)) continue;
      const middle = sum / count;
      // A projection may lie anywhere near 0: it is as large as the norm, which comes first.
      const size = Math.abs(at === start ? middle : (first[start] ?? middle));
      if (size === 0) continue;
      let squares = 0;
      for (const column of columns) squares += (column[at]! - middle) ** 2;
      if (squares === 0) continue;
      const least = Math.max(FLOOR, (2 * quantum(thing)) / size) ** 2 * (count - 2);
      for (let control = 0; control < count; control += 1) {
        const distance = columns[control]![at]! - middle;
        own[control]![thing]! += ((distance * count) / (count - 1) / size) ** 2;
        const rest = (squares - (distance ** 2 * count) / (count - 1)) / size ** 2;
        others[control]![thing]! += Math.max(rest, least);
      }
    }
  }
}

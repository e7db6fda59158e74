/** What the controls show of a quantity at a step, value by value, in columns: there may be millions of values. */
import type { Trace } from '../../trace/schema.ts';
import { sameValues } from '../columns.ts';
import { type Quantity, RESOLUTION, type Values, valuesAt } from '../quantities.ts';

type Column = readonly (number | null | undefined)[];

/** One entry for each value, things after each other. */
export interface Spreads {
  readonly names: readonly string[];
  /** Where each thing's values begin, and where the last one's end. */
  readonly starts: ArrayLike<number>;
  /** What the control has. */
  readonly own: Column;
  /** Of the controls, where they all have a finite number. */
  readonly means: Float64Array;
  /** What differences are relative to. */
  readonly scales: Float64Array;
  /** Relative; NaN where the controls do not all have a finite number. */
  readonly variances: Float64Array;
  /** Relative standard deviation that comes of how the value is recorded. */
  readonly resolutions: Float64Array;
  /** 1: the controls have the same, and it cannot be noisy: nothing has moved it yet, or there is nothing. */
  readonly still: Uint8Array;
}

export type SpreadsAt = (quantity: Quantity, step: number) => Spreads | undefined;

/** @param controls at least one */
export function spreadsAmong(controls: readonly Trace[]): SpreadsAt {
  const moved = firstMoves(controls);
  const initial = initialDigests(controls[0]!);
  return (quantity, step) => {
    const own = valuesAt(controls[0]!, quantity, step);
    if (own === undefined) return undefined;
    const columns = controls.map((control, at) =>
      at === 0 ? own.values : alignedTo(own, valuesAt(control, quantity, step)),
    );
    const unmoved = (name: string, thing: number): boolean => {
      if (quantity === 'l2' || quantity === 'updateL2') {
        return step < (moved.get(name) ?? Number.POSITIVE_INFINITY);
      }
      const digest = own.digest(thing);
      return digest !== undefined && digest === initial.get(`${quantity} ${name}`);
    };
    return spreadsOf(own, columns, unmoved);
  };
}

/** Another control's values in the order of the first one's; undefined where it has none. */
function alignedTo(own: Values, other: Values | undefined): Column {
  if (other === undefined) return own.values.map(() => null);
  if (sameValues(own.names, other.names) && sameValues(own.starts, other.starts)) return other.values;
  const places = new Map(other.names.map((name, thing) => [name, thing]));
  return own.names.flatMap((name, thing) => {
    const place = places.get(name);
    const from = place === undefined ? 0 : other.starts[place]!;
    const length = place === undefined ? 0 : other.starts[place + 1]! - from;
    return Array.from({ length: own.starts[thing + 1]! - own.starts[thing]! }, (_, at) =>
      at < length ? other.values[from + at] : undefined,
    );
  });
}

function spreadsOf(
  { names, starts, quantum }: Values,
  each: readonly Column[],
  unmoved: (name: string, thing: number) => boolean,
): Spreads {
  const columns = each.map(numeric);
  const first = columns[0]!;
  const size = starts[names.length]!;
  const column = (): Float64Array => new Float64Array(size);
  const [means, scales, variances, resolutions] = [column(), column(), column(), column()];
  const still = new Uint8Array(size);
  for (let thing = 0; thing < names.length; thing += 1) {
    const stays = unmoved(names[thing]!, thing);
    const start = starts[thing]!;
    for (let at = start; at < starts[thing + 1]!; at += 1) {
      const own = first[at]!;
      let [same, sum] = [true, 0];
      for (const column of columns) {
        const value = column[at]!;
        if (value !== own) same = false;
        sum += value;
      }
      means[at] = own;
      variances[at] = Number.NaN;
      if (!Number.isFinite(sum)) {
        // They have no numbers, or not all of them; two that have none are alike only if they have the same.
        if (each.every((values) => Object.is(values[at] ?? null, each[0]![at] ?? null))) {
          still[at] = 1;
          scales[at] = Math.abs(each[0]![at] ?? 0);
        }
        continue;
      }
      if (same && (stays || own === 0)) {
        still[at] = 1;
        scales[at] = Math.abs(own);
        continue;
      }
      const middle = sum / columns.length;
      let squares = 0;
      for (const column of columns) squares += (column[at]! - middle) ** 2;
      // A projection may lie anywhere near 0: it is as large as the norm, which comes first.
      const scale = Math.abs(at === start ? middle : means[start]!);
      means[at] = middle;
      scales[at] = scale;
      variances[at] = squares / (columns.length - 1) / scale ** 2;
      resolutions[at] = Math.max(RESOLUTION, quantum(thing) / scale);
    }
  }
  return { names, starts, own: each[0]!, means, scales, variances, resolutions, still };
}

/** NaN where there is no number. */
const numeric = (column: Column): Float64Array =>
  column.includes(null)
    ? Float64Array.from(column, (value) => value ?? Number.NaN)
    : new Float64Array(column as number[]);

/** By parameter, the step at which any control first changed it; none for those that are never trained. */
function firstMoves(controls: readonly Trace[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { steps } of controls) {
    // Most steps share one column, and what it tells the first of them tells.
    const told = new Map<readonly boolean[], readonly string[]>();
    for (const { step, names, changed } of steps) {
      if (told.get(changed) === names) continue;
      told.set(changed, names);
      changed.forEach((any, at) => {
        const name = names[at]!;
        if (any && step < (first.get(name) ?? Number.POSITIVE_INFINITY)) first.set(name, step);
      });
    }
  }
  return first;
}

/** What a run begins with, by kind and name: what still has these bytes later was never written. */
const initialDigests = ({ states }: Trace): ReadonlyMap<string, string> =>
  new Map(
    states
      .find(({ at }) => at === 'start')
      ?.tensors.map(({ kind, name, sha256 }) => [`${kind} ${name}`, sha256]),
  );

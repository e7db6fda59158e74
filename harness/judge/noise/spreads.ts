/** The spread of the controls in a quantity at a step, value by value. Uses columns, because there may be millions of values. */
import type { Trace } from '../../trace/schema.ts';
import { sameValues } from '../columns.ts';
import { type Quantity, RESOLUTION, type Values, valuesAt } from '../quantities.ts';

type Column = readonly (number | null | undefined)[];

/** One entry per value, one thing after another. */
export interface Spreads {
  readonly names: readonly string[];
  /** The start of each thing's values, then the end of the list. */
  readonly starts: ArrayLike<number>;
  /** The control's values. */
  readonly own: Column;
  /** The mean of the controls, if they all have a finite number. */
  readonly means: Float64Array;
  /** The scale that differences are relative to. */
  readonly scales: Float64Array;
  /** Relative variance; NaN if not all controls have a finite number. */
  readonly variances: Float64Array;
  /** Relative standard deviation due to the precision of the record. */
  readonly resolutions: Float64Array;
  /** 1: the controls agree and the value cannot be noisy, because nothing has changed it yet or it is absent. */
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

/** Another control's values in the order of the first one's; undefined if it has none. */
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
        // Not all of them have a finite number. They agree only if they all have the same value.
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
      // A projection can be close to 0, so its scale is the norm, which comes first.
      const scale = Math.abs(at === start ? middle : means[start]!);
      means[at] = middle;
      scales[at] = scale;
      variances[at] = squares / (columns.length - 1) / scale ** 2;
      resolutions[at] = Math.max(RESOLUTION, quantum(thing) / scale);
    }
  }
  return { names, starts, own: each[0]!, means, scales, variances, resolutions, still };
}

/** NaN replaces missing numbers. */
const numeric = (column: Column): Float64Array =>
  column.includes(null)
    ? Float64Array.from(column, (value) => value ?? Number.NaN)
    : new Float64Array(column as number[]);

/** The step at which any control first changed each parameter. Parameters that are never trained are absent. */
function firstMoves(controls: readonly Trace[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { steps } of controls) {
    // Most steps share one column, so only its first step matters.
    const known = new Map<readonly boolean[], readonly string[]>();
    for (const { step, names, changed } of steps) {
      if (known.get(changed) === names) continue;
      known.set(changed, names);
      changed.forEach((any, at) => {
        const name = names[at]!;
        if (any && step < (first.get(name) ?? Number.POSITIVE_INFINITY)) first.set(name, step);
      });
    }
  }
  return first;
}

/** The digests at the start of a run, by kind and name. A tensor that still has its digest later was never written. */
const initialDigests = ({ states }: Trace): ReadonlyMap<string, string> =>
  new Map(
    states
      .find(({ at }) => at === 'start')
      ?.tensors.map(({ kind, name, digest }) => [`${kind} ${name}`, digest]),
  );

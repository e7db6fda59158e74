/** The columns of a step: one value per parameter. */
import type { TracedStep } from '../trace/schema.ts';
import type { Curve } from './quantities.ts';

const indexes = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** The place of each parameter in the columns. The steps of a trace share one array of names. */
export function indexOf(names: readonly string[]): ReadonlyMap<string, number> {
  let index = indexes.get(names);
  if (index === undefined) {
    index = new Map(names.map((name, at) => [name, at]));
    indexes.set(names, index);
  }
  return index;
}

type Column = (step: TracedStep) => readonly number[];

const totals = new WeakMap<readonly TracedStep[], Map<Column, ReadonlyMap<string, number>>>();

/** A parameter's total over some steps. A step without the parameter counts as 0. */
export function total(steps: readonly TracedStep[], name: string, column: Column): number {
  const own = totals.get(steps) ?? new Map<Column, ReadonlyMap<string, number>>();
  totals.set(steps, own);
  const byName = own.get(column) ?? totalsOf(steps, column);
  own.set(column, byName);
  return byName.get(name) ?? 0;
}

/** The totals of all parameters at once, because rules ask for each of them. */
function totalsOf(steps: readonly TracedStep[], column: Column): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { names, own } of byNames(steps)) {
    const added = new Float64Array(names.length);
    for (const step of own) {
      const values = column(step);
      for (let at = 0; at < added.length; at += 1) added[at]! += values[at]!;
    }
    // If a name occurs twice, its last place counts, as in {@link indexOf}.
    for (const [name, at] of indexOf(names)) sums.set(name, (sums.get(name) ?? 0) + added[at]!);
  }
  return sums;
}

/** Runs of consecutive steps whose columns have the same parameters. */
function byNames(steps: readonly TracedStep[]): { names: readonly string[]; own: TracedStep[] }[] {
  const runs: { names: readonly string[]; own: TracedStep[] }[] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last?.names === step.names) last.own.push(step);
    else runs.push({ names: step.names, own: [step] });
  }
  return runs;
}

export const totalOf = (steps: readonly TracedStep[], column: Column): number =>
  steps.reduce((sum, step) => sum + column(step).reduce((a, b) => a + b, 0), 0);

/** Names of the parameters that changed in any of the steps. */
export function moved(steps: readonly TracedStep[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { names: own, own: those } of byNames(steps)) {
    // Many steps share one column.
    for (const changed of new Set(those.map((step) => step.changed))) {
      changed.forEach((any, at) => {
        if (any) names.add(own[at]!);
      });
    }
  }
  return names;
}

/** Names of the parameters with a value other than null in any of the steps. */
export function known(
  steps: readonly TracedStep[],
  column: (step: TracedStep) => readonly (number | null)[],
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { names, own } of byNames(steps)) {
    // The first step has most of them.
    let open = names.map((_, at) => at);
    for (const step of own) {
      const values = column(step);
      open = open.filter((at) => {
        if (values[at] !== null) found.add(names[at]!);
        return values[at] === null;
      });
      if (open.length === 0) break;
    }
  }
  return found;
}

/** Whether two columns hold the same values; NaN equals NaN. Equal runs that are read together share their columns. */
export function sameValues(a: readonly unknown[], b: readonly unknown[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((value, at) => {
        const other = b[at];
        return value === other || (Number.isNaN(value) && Number.isNaN(other));
      }))
  );
}

/** Whether two steps have the same values of a curve, to the bit and for the same parameters. */
export function sameStep(one: TracedStep, other: TracedStep, curve: Curve): boolean {
  if (curve === 'loss') return sameValues([one.claimed.loss], [other.claimed.loss]);
  const [mine, theirs] = [one[curve], other[curve]];
  if (mine === undefined || theirs === undefined) return mine === theirs;
  return sameValues(one.names, other.names) && sameValues(mine, theirs);
}

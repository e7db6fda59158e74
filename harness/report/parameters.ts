/** Gathers what each parameter did at each step, beside the control. */
import type { Trace, TracedStep } from '../trace/schema.ts';
import { type ColumnRun, type ParameterMap, type ParameterValues, QUANTITIES } from './data.ts';
import { codeOf, strengthOf } from './ratio.ts';
import { visible } from './text.ts';

export const PARAMETER_LIMITS = {
  /** Rows of the heat map. */
  parameters: 2000,
  /** Columns of the heat map. */
  columns: 600,
};

interface Column {
  readonly step: number;
  readonly control: TracedStep | undefined;
  readonly own: TracedStep;
}

interface Segment {
  readonly process: string;
  readonly label: string;
  readonly columns: readonly Column[];
}

/**
 * The map of one scenario: a column for each step of each process of the interrupted run, in order; of several ranks,
 * the first. Null without a control or without steps to compare.
 * @param valueColumns the most columns for which values are kept; none if 0
 */
export function parameterMap(
  traces: readonly Trace[],
  valueColumns: number,
  limits = PARAMETER_LIMITS,
): ParameterMap | null {
  const first = traces.filter(({ run }) => (run?.rank ?? 0) === 0);
  const control = first.find(({ run }) => run?.role === 'control');
  const segments = segmentsOf(first, control);
  const names = namesIn(control?.steps ?? []);
  if (names.length === 0 || segments.length === 0) return null;
  const shown = names.slice(0, limits.parameters);
  const columns = columnsOf(segments, shown);
  const fine = grouped(segments, columns, Math.max(limits.columns, valueColumns), shown.length);
  const heat = coarser(fine, limits.columns);
  return {
    names: shown.map((name) => visible(name, 200)),
    groups: groupsOf(control!, shown),
    more: names.length - shown.length,
    runs: heat.runs,
    steps: heat.steps,
    every: heat.every,
    codes: heat.codes,
    values: valueColumns === 0 ? null : valuesOf(coarser(fine, valueColumns), columns, shown.length),
  };
}

/** In the order in which they come up. Most steps share one list. */
function namesIn(steps: readonly TracedStep[]): string[] {
  const lists = new Set(steps.map(({ names }) => names));
  return [...new Set([...lists].flat())];
}

function segmentsOf(traces: readonly Trace[], control: Trace | undefined): Segment[] {
  if (control === undefined) return [];
  const controlSteps = new Map(control.steps.map((step) => [step.step, step]));
  const resumed = traces.filter(({ run }) => run?.role === 'after');
  return [...traces.filter(({ run }) => run?.role === 'before'), ...resumed]
    .filter(({ steps }) => steps.length > 0)
    .map((trace) => ({
      process: visible(trace.run!.id, 100),
      label: trace.run!.role === 'after' ? `after resume ${resumed.indexOf(trace) + 1}` : 'before',
      columns: trace.steps.map((own) => ({ step: own.step, own, control: controlSteps.get(own.step) })),
    }));
}

function groupsOf(control: Trace, shown: readonly string[]): (string | null)[] {
  const groups = new Map<string, string | null>();
  const lists = new Map(control.steps.map(({ names, groups }) => [names, groups]));
  for (const [names, own] of lists)
    names.forEach((name, at) => {
      if (!groups.has(name)) groups.set(name, own[at] ?? null);
    });
  return shown.map((name) => {
    const group = groups.get(name) ?? null;
    return group === null ? null : visible(group, 100);
  });
}

/** The two sides of a column, with where each shown parameter is in their lists; -1 if it is not there. */
interface Sides {
  readonly own: TracedStep;
  readonly ownAt: Int32Array;
  readonly control: TracedStep | undefined;
  readonly controlAt: Int32Array;
}

function columnsOf(segments: readonly Segment[], shown: readonly string[]): Sides[] {
  const orders = new Map<readonly string[], Int32Array>();
  const orderOf = (names: readonly string[]): Int32Array => {
    const known = orders.get(names);
    if (known !== undefined) return known;
    const at = new Map(names.map((name, index) => [name, index]));
    const order = Int32Array.from(shown, (name) => at.get(name) ?? -1);
    orders.set(names, order);
    return order;
  };
  return segments.flatMap(({ columns }) =>
    columns.map(({ own, control }) => ({
      own,
      ownAt: orderOf(own.names),
      control,
      controlAt: orderOf(control?.names ?? own.names),
    })),
  );
}

const NOTHING: readonly number[] = [];
type Norms = readonly (number | null)[];
/** NaN where there is none. A read beyond the end would make all reads slow. */
const valueAt = (values: Norms, index: number): number =>
  index >= 0 && index < values.length ? (values[index] ?? Number.NaN) : Number.NaN;

/** Below the strength of what cannot be compared. */
const NONE = -2;

/** Groups of steps, and of each parameter the step of the group in which its update is least like the control's. */
interface Grouped {
  readonly runs: readonly ColumnRun[];
  readonly every: number;
  /** The first step of each group. */
  readonly steps: readonly number[];
  /** By parameter and group: the code, and the index of the column among all. */
  readonly codes: Int8Array;
  readonly chosen: Int32Array;
}

/** Groups each process's steps so that all processes have at most about `limit` groups. */
function grouped(
  segments: readonly Segment[],
  columns: readonly Sides[],
  limit: number,
  parameters: number,
): Grouped {
  const every = Math.max(1, Math.ceil(columns.length / Math.max(1, limit)));
  const runs = segments.map(({ process, label, columns: own }): ColumnRun => {
    const [firstStep, lastStep] = [own[0]!.step, own.at(-1)!.step];
    return { process, label, firstStep, lastStep, columns: Math.ceil(own.length / every) };
  });
  const groups = runs.reduce((sum, { columns: own }) => sum + own, 0);
  const codes = new Int8Array(parameters * groups);
  const chosen = new Int32Array(parameters * groups);
  const steps: number[] = [];
  const strengths = new Int16Array(parameters);
  let column = 0;
  for (const { columns: own } of segments)
    for (let at = 0; at < own.length; at += 1) {
      if (at % every === 0) {
        steps.push(own[at]!.step);
        strengths.fill(NONE);
      }
      const { own: step, ownAt, control, controlAt } = columns[column]!;
      const norms = step.updateL2;
      const controlNorms = control?.updateL2 ?? NOTHING;
      const group = steps.length - 1;
      for (let parameter = 0; parameter < parameters; parameter += 1) {
        const norm = valueAt(norms, ownAt[parameter]!);
        const controlNorm = valueAt(controlNorms, controlAt[parameter]!);
        const code = codeOf(norm, controlNorm);
        const strength = code === 0 ? 0 : strengthOf(code);
        if (strength <= strengths[parameter]!) continue;
        strengths[parameter] = strength;
        const index = parameter * groups + group;
        codes[index] = code;
        chosen[index] = column;
      }
      column += 1;
    }
  return { runs, every, steps, codes, chosen };
}

/** Groups whose groups are groups of others, with at most about `limit` of them. */
function coarser(fine: Grouped, limit: number): Grouped {
  const before = fine.steps.length;
  const factor = Math.ceil(before / Math.max(1, limit));
  if (factor <= 1) return fine;
  const { runs, members } = regrouped(fine.runs, factor);
  const parameters = fine.codes.length / before;
  const codes = new Int8Array(parameters * members.length);
  const chosen = new Int32Array(codes.length);
  for (let parameter = 0; parameter < parameters; parameter += 1)
    members.forEach(([first, end], group) => {
      let best = parameter * before + first;
      for (let at = best + 1; at < parameter * before + end; at += 1)
        if (strengthOf(fine.codes[at]!) > strengthOf(fine.codes[best]!)) best = at;
      codes[parameter * members.length + group] = fine.codes[best]!;
      chosen[parameter * members.length + group] = fine.chosen[best]!;
    });
  const steps = members.map(([first]) => fine.steps[first]!);
  return { runs, every: fine.every * factor, steps, codes, chosen };
}

/** Of each process, `factor` columns become one: the first of them, and the one after the last. */
function regrouped(
  before: readonly ColumnRun[],
  factor: number,
): { readonly runs: ColumnRun[]; readonly members: (readonly [number, number])[] } {
  const members: (readonly [number, number])[] = [];
  let from = 0;
  const runs = before.map((run) => {
    const end = from + run.columns;
    const columns = Math.ceil(run.columns / factor);
    for (let first = from; first < end; first += factor) members.push([first, Math.min(end, first + factor)]);
    from = end;
    return { ...run, columns };
  });
  return { runs, members };
}

function valuesOf(
  { runs, every, steps, chosen }: Grouped,
  columns: readonly Sides[],
  parameters: number,
): ParameterValues {
  const groups = steps.length;
  const filled = (
    sources: readonly (TracedStep | undefined)[],
    places: readonly Int32Array[],
  ): Float32Array => {
    const values = new Float32Array(QUANTITIES.length * parameters * groups);
    QUANTITIES.forEach((quantity, row) => {
      const norms = sources.map((step) => step?.[quantity] ?? NOTHING);
      // By group first, because the norms of a step lie together.
      for (let group = 0; group < groups; group += 1)
        for (let parameter = 0; parameter < parameters; parameter += 1) {
          const column = chosen[parameter * groups + group]!;
          const index = (row * parameters + parameter) * groups + group;
          values[index] = valueAt(norms[column]!, places[column]![parameter]!);
        }
    });
    return values;
  };
  return {
    runs,
    every,
    steps,
    control: filled(
      columns.map((sides) => sides.control),
      columns.map((sides) => sides.controlAt),
    ),
    interrupted: filled(
      columns.map((sides) => sides.own),
      columns.map((sides) => sides.ownAt),
    ),
  };
}

/** The same values with at most about `limit` columns; null if that is 0. */
export function thinValues(values: ParameterValues, limit: number): ParameterValues | null {
  if (limit === 0) return null;
  const before = values.steps.length;
  const factor = Math.ceil(before / limit);
  if (factor <= 1) return values;
  const { runs, members } = regrouped(values.runs, factor);
  const groups = members.length;
  const parameters = values.control.length / QUANTITIES.length / before;
  const control = new Float32Array(QUANTITIES.length * parameters * groups);
  const interrupted = new Float32Array(control.length);
  // The updates are the first quantity.
  const strength = (index: number): number =>
    strengthOf(codeOf(values.interrupted[index]!, values.control[index]!));
  for (let parameter = 0; parameter < parameters; parameter += 1)
    members.forEach(([first, end], group) => {
      let column = first;
      for (let other = first + 1; other < end; other += 1)
        if (strength(parameter * before + other) > strength(parameter * before + column)) column = other;
      QUANTITIES.forEach((_, row) => {
        const to = (row * parameters + parameter) * groups + group;
        const from = (row * parameters + parameter) * before + column;
        control[to] = values.control[from]!;
        interrupted[to] = values.interrupted[from]!;
      });
    });
  const steps = members.map(([first]) => values.steps[first]!);
  return { runs, steps, every: values.every * factor, control, interrupted };
}

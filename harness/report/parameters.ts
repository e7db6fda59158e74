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
  const all = segmentsOf(first, control);
  const names = [...new Set((control?.steps ?? []).flatMap((step) => step.names))];
  if (names.length === 0 || all.length === 0) return null;
  const shown = names.slice(0, limits.parameters);
  const groups = groupsOf(control!, shown);
  const reader = readerOf(shown);
  const heat = bucketed(all, limits.columns);
  const codes = new Int8Array(shown.length * heat.chosen.length);
  shown.forEach((_, parameter) => {
    heat.chosen.forEach((bucket, at) => {
      codes[parameter * heat.chosen.length + at] = strongest(bucket, parameter, reader).code;
    });
  });
  return {
    names: shown.map((name) => visible(name, 200)),
    groups,
    more: names.length - shown.length,
    runs: heat.runs,
    steps: heat.chosen.map(([column]) => column!.step),
    every: heat.every,
    codes,
    values: valueColumns === 0 ? null : valuesOf(all, valueColumns, reader, shown.length),
  };
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

function groupsOf(control: Trace, names: readonly string[]): (string | null)[] {
  const groups = new Map<string, string | null>();
  for (const step of control.steps)
    step.names.forEach((name, at) => {
      if (!groups.has(name)) groups.set(name, step.groups[at] ?? null);
    });
  return names.map((name) => {
    const group = groups.get(name) ?? null;
    return group === null ? null : visible(group, 100);
  });
}

type Quantity = (typeof QUANTITIES)[number];
type Reader = (step: TracedStep | undefined, quantity: Quantity, parameter: number) => number;

/** Reads a parameter's norm in a step, whatever the order of the parameters there; NaN if there is none. */
function readerOf(names: readonly string[]): Reader {
  const orders = new Map<readonly string[], readonly number[]>();
  const orderOf = (own: readonly string[]): readonly number[] => {
    const known = orders.get(own);
    if (known !== undefined) return known;
    const at = new Map(own.map((name, index) => [name, index]));
    const order = names.map((name) => at.get(name) ?? -1);
    orders.set(own, order);
    return order;
  };
  return (step, quantity, parameter) => {
    if (step === undefined) return Number.NaN;
    return step[quantity][orderOf(step.names)[parameter]!] ?? Number.NaN;
  };
}

interface Bucketed {
  readonly runs: readonly ColumnRun[];
  readonly every: number;
  readonly chosen: readonly (readonly Column[])[];
}

/** Groups each process's steps so that all processes have at most about `limit` columns. */
function bucketed(segments: readonly Segment[], limit: number): Bucketed {
  const total = segments.reduce((sum, { columns }) => sum + columns.length, 0);
  const every = Math.max(1, Math.ceil(total / Math.max(1, limit)));
  const runs: ColumnRun[] = [];
  const chosen: Column[][] = [];
  for (const { process, label, columns } of segments) {
    const count = Math.ceil(columns.length / every);
    for (let at = 0; at < count; at += 1) chosen.push(columns.slice(at * every, (at + 1) * every));
    const [firstStep, lastStep] = [columns[0]!.step, columns.at(-1)!.step];
    runs.push({ process, label, firstStep, lastStep, columns: count });
  }
  return { runs, every, chosen };
}

/** Of a group of steps, the one in which the parameter's update is least like the control's. */
function strongest(
  bucket: readonly Column[],
  parameter: number,
  read: Reader,
): { readonly code: number; readonly column: Column } {
  let best = { code: 0, strength: Number.NEGATIVE_INFINITY, column: bucket[0]! };
  for (const column of bucket) {
    const code = codeOf(read(column.own, 'updateL2', parameter), read(column.control, 'updateL2', parameter));
    const strength = strengthOf(code);
    if (strength > best.strength) best = { code, strength, column };
  }
  return best;
}

function valuesOf(
  segments: readonly Segment[],
  limit: number,
  read: Reader,
  parameters: number,
): ParameterValues {
  const { runs, every, chosen } = bucketed(segments, limit);
  const columns = chosen.length;
  const control = new Float32Array(QUANTITIES.length * parameters * columns);
  const interrupted = new Float32Array(control.length);
  for (let parameter = 0; parameter < parameters; parameter += 1)
    chosen.forEach((bucket, at) => {
      const { column } = strongest(bucket, parameter, read);
      QUANTITIES.forEach((quantity, row) => {
        const index = (row * parameters + parameter) * columns + at;
        control[index] = read(column.control, quantity, parameter);
        interrupted[index] = read(column.own, quantity, parameter);
      });
    });
  return { runs, every, steps: chosen.map(([column]) => column!.step), control, interrupted };
}

/** The same values with at most about `limit` columns; null if that is 0. */
export function thinValues(values: ParameterValues, limit: number): ParameterValues | null {
  if (limit === 0) return null;
  const before = values.steps.length;
  if (before <= limit) return values;
  const factor = Math.ceil(before / limit);
  const groups: number[][] = [];
  const runs: ColumnRun[] = [];
  let from = 0;
  for (const run of values.runs) {
    const columns = Math.ceil(run.columns / factor);
    for (let at = 0; at < columns; at += 1) {
      const start = from + at * factor;
      const size = Math.min(factor, from + run.columns - start);
      groups.push(Array.from({ length: size }, (_, index) => start + index));
    }
    runs.push({ ...run, columns });
    from += run.columns;
  }
  const parameters = values.control.length / QUANTITIES.length / before;
  const control = new Float32Array(QUANTITIES.length * parameters * groups.length);
  const interrupted = new Float32Array(control.length);
  for (let parameter = 0; parameter < parameters; parameter += 1)
    groups.forEach((group, at) => {
      const strength = (column: number): number => {
        // The updates are the first quantity.
        const index = parameter * before + column;
        return strengthOf(codeOf(values.interrupted[index]!, values.control[index]!));
      };
      const column = group.reduce((best, other) => (strength(other) > strength(best) ? other : best));
      QUANTITIES.forEach((_, row) => {
        const to = (row * parameters + parameter) * groups.length + at;
        const source = (row * parameters + parameter) * before + column;
        control[to] = values.control[source]!;
        interrupted[to] = values.interrupted[source]!;
      });
    });
  return {
    runs,
    steps: groups.map(([first]) => values.steps[first!]!),
    every: values.every * factor,
    control,
    interrupted,
  };
}

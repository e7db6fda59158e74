/** Curves as data: the values of each run's steps, and a note in words on each series. */
import type { Trace, TracedStep } from '../trace/schema.ts';
import { count, figure } from './text.ts';

export interface Point {
  readonly step: number;
  /** NaN if the step has no finite value. */
  readonly value: number;
}
export interface Series {
  readonly role: 'control' | 'before' | 'after';
  readonly label: string;
  readonly points: readonly Point[];
  readonly note: string;
}
export interface Curve {
  readonly title: string;
  readonly series: readonly Series[];
}

/** Larger values count as infinite, so that no sum or span of two overflows. */
const HUGE = 1e150;

const QUANTITIES: readonly { title: string; of: (step: TracedStep) => number }[] = [
  { title: 'Loss', of: (step) => step.claimed.loss },
  { title: 'Learning rate, as logged', of: (step) => mean(Object.values(step.claimed.learningRates)) },
  { title: 'Learning rate, inside the update', of: (step) => groupLearningRate(step) },
  { title: 'Norm of all parameters', of: (step) => parameterNorm(step) },
  { title: 'Norm of the update', of: (step) => norm(step.updateL2) },
  { title: 'Hook calls in a step', of: (step) => sumOf(step.hookCalls) },
];

/** The L2 norm of all parameters after a step; NaN if there are none. */
export const parameterNorm = (step: TracedStep): number => norm(step.l2);

/** One curve per quantity, with every step: the control first, then the interrupted run's processes in order. */
export function curves(traces: readonly Trace[]): Curve[] {
  const shown = ['control', 'before', 'after']
    .flatMap((role) => traces.filter((trace) => trace.run?.role === role))
    .filter((trace) => trace.steps.length > 0);
  if (shown.length === 0) return [];
  const resumed = shown.filter((trace) => trace.run?.role === 'after');
  return QUANTITIES.map(({ title, of }) => {
    const raw = shown.map((trace) => ({
      trace,
      points: trace.steps.map((s) => ({ step: s.step, value: bounded(of(s)) })),
    }));
    const control = new Map(
      raw.find(({ trace }) => trace.run?.role === 'control')?.points.map((p) => [p.step, p.value]),
    );
    return {
      title,
      series: raw.map(({ trace, points }) => {
        const role = trace.run?.role as Series['role'];
        const label = role === 'after' ? `after resume ${resumed.indexOf(trace) + 1}` : role;
        const notes = [shape(points), role === 'control' ? '' : against(points, control)];
        return { role, label, points, note: notes.filter((note) => note !== '').join('; ') };
      }),
    };
  });
}

/** The curve with about `limit` steps per series. All series keep the same steps, so that they can be subtracted. */
export function thinCurve(curve: Curve, limit: number): Curve {
  if (curve.series.every(({ points }) => points.length <= limit)) return curve;
  const kept = new Set(curve.series.flatMap(({ points }) => thin(points, limit).map(({ step }) => step)));
  return {
    ...curve,
    series: curve.series.map((own) => ({ ...own, points: own.points.filter(({ step }) => kept.has(step)) })),
  };
}

/**
 * At most about `limit` of the points, in order: of each segment the lowest, the highest and one that has no
 * value, and always the first and the last.
 */
export function thin(points: readonly Point[], limit: number): readonly Point[] {
  if (points.length <= limit) return points;
  const segment = Math.ceil(points.length / Math.max(1, Math.floor((limit - 2) / 3)));
  const kept = new Set([0, points.length - 1]);
  for (let from = 0; from < points.length; from += segment) {
    const own = points.slice(from, from + segment).map(({ value }, i) => ({ value, at: from + i }));
    const finite = own.filter(({ value }) => !Number.isNaN(value));
    const low = finite.reduce((least, point) => (point.value < least.value ? point : least), finite[0]!);
    const high = finite.reduce((most, point) => (point.value > most.value ? point : most), finite[0]!);
    const gap = own.find(({ value }) => Number.isNaN(value));
    for (const point of [low, high, gap]) if (point !== undefined) kept.add(point.at);
  }
  return [...kept].sort((a, b) => a - b).map((at) => points[at]!);
}

/** Notes what is special about a series: no values, all zero, all equal, values that are not finite. */
function shape(points: readonly Point[]): string {
  const finite = points.filter(({ value }) => !Number.isNaN(value));
  const first = finite[0];
  if (first === undefined) return 'no values';
  const gap = points.find(({ value }) => Number.isNaN(value));
  const gaps =
    gap === undefined
      ? ''
      : `no finite value at ${count(points.length - finite.length, 'step')}, first ${gap.step}`;
  const level = finite.every(({ value }) => value === first.value);
  if (!level || (finite.length === 1 && first.value !== 0)) return gaps;
  const flat = `${first.value === 0 ? 'zero' : figure(first.value)} at ${finite.length === 1 ? 'its only step' : `all ${count(finite.length, 'step')}`}`;
  return [flat, gaps].filter(Boolean).join('; ');
}

function against(points: readonly Point[], control: ReadonlyMap<number, number>): string {
  let worst = { step: 0, gap: 0 };
  let shared = 0;
  for (const { step, value } of points) {
    const other = control.get(step);
    if (other === undefined || Number.isNaN(other) || Number.isNaN(value)) continue;
    shared += 1;
    const gap = Math.abs(value - other);
    if (gap > worst.gap) worst = { step, gap };
  }
  if (shared === 0) return '';
  return worst.gap === 0
    ? 'equals the control'
    : `differs from the control by up to ${figure(worst.gap)}, at step ${worst.step}`;
}

/** The mean over the parameter groups of their mean learning rates, over the parameters that an update touched. */
function groupLearningRate({ learningRates, groups }: TracedStep): number {
  const { of, size } = partition(groups);
  const sums = new Float64Array(size);
  const counts = new Int32Array(size);
  for (let at = 0; at < learningRates.length; at += 1) {
    const learningRate = learningRates[at]!;
    if (learningRate === null) continue;
    const group = of[at]!;
    sums[group]! += learningRate;
    counts[group]! += 1;
  }
  let sum = 0;
  let touched = 0;
  for (let group = 0; group < size; group += 1) {
    if (counts[group] === 0) continue;
    sum += sums[group]! / counts[group]!;
    touched += 1;
  }
  return touched === 0 ? Number.NaN : sum / touched;
}

interface Partition {
  /** The number of each parameter's group. */
  readonly of: Int32Array;
  readonly size: number;
}

/** Most steps share one list of groups. */
const partitions = new WeakMap<TracedStep['groups'], Partition>();

function partition(groups: TracedStep['groups']): Partition {
  const known = partitions.get(groups);
  if (known !== undefined) return known;
  const numbers = new Map<string | null, number>();
  const of = Int32Array.from(groups, (group) => {
    const number = numbers.get(group) ?? numbers.size;
    numbers.set(group, number);
    return number;
  });
  const found = { of, size: numbers.size };
  partitions.set(groups, found);
  return found;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : sumOf(values) / values.length;

function norm(values: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at]! * values[at]!;
  return values.length === 0 ? Number.NaN : Math.sqrt(sum);
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at]!;
  return sum;
}

function bounded(value: number): number {
  return Math.abs(value) <= HUGE ? value : Number.NaN;
}

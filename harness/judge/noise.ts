/**
 * How far runs of the same program lie apart, and how far a resumed run may therefore lie from them.
 *
 * Where all controls agree to the bit, so must the resumed run. Elsewhere a healthy resumed run is one more
 * draw of what the controls are draws of, and each of its values must lie in a Student-t prediction interval
 * about the controls' mean. A single value may be the same in a handful of controls by chance, so the variance
 * of a thing (a parameter's norm, say) is the median over its steps, as the quantity's noise grows, and over
 * its sketch, and a value's own only if that is larger. It is moderated, upwards only: raised towards what the quantity's other things show, as far as
 * those agree with each other (G. K. Smyth, 'Linear models and empirical Bayes methods for assessing
 * differential expression in microarray experiments', Stat. Appl. Genet. Mol. Biol. 3(1), 2004).
 *
 * Nobody knows how the values of a run hang together. The critical value is the largest of three extremes:
 * one random number moves all values of a quantity; one moves all values of a thing; one moves each value.
 */
import type { Trace } from '../trace/schema.ts';
import { sameStep } from './columns.ts';
import { growthOf, mean, median, type Prior, priorOf } from './prior.ts';
import {
  CURVES,
  isCurve,
  QUANTITIES,
  type Quantity,
  RESOLUTION,
  type Reading,
  type Readings,
  readingsAt,
  stepsOf,
} from './quantities.ts';
import { studentQuantile } from './statistics.ts';
import type { NoiseRecord, QuantityNoise } from './verdict.ts';

/** How often a healthy run may be refuted for its noise: once in 10,000 verdicts. */
export const FALSE_ALARM = 1e-4;

/**
 * So many controls measure the noise once two of them differ. Were all values of a run moved by one random
 * number, an interval at {@link FALSE_ALARM} would be 6,366 standard deviations of two controls, 100 of three,
 * 22 of four, 13 of five: the fourth is the last that pays.
 */
export const NOISY_CONTROLS = 4;

export interface Comparison {
  readonly expected: number | null | undefined;
  readonly seen: number | null | undefined;
  /** Relative to the magnitude of what is compared; infinite where only one side has a number. */
  readonly difference: number;
  /** Largest difference that is noise; 0: equal to the bit. Infinite where the controls contradict each other. */
  readonly allowed: number;
}

export interface Noise {
  /** True where the controls agree in every measured bit. */
  readonly exact: boolean;
  readonly record: NoiseRecord;
  /** What is seen of a thing beside the controls: of its values, the one that goes farthest beyond its noise. */
  compare(quantity: Quantity, step: number, name: string, seen: Reading | undefined): Comparison;
  /** Whether what two runs that are no controls show of a thing may be draws of the same. */
  alike(quantity: Quantity, step: number, name: string, one: Reading, other: Reading): boolean;
}

/** One value among the controls. */
interface Spread {
  readonly mean: number | null;
  /** What differences are relative to. */
  readonly scale: number;
  /** Relative; undefined where the controls do not all have a finite number. */
  readonly variance: number | undefined;
  /** Relative standard deviation that comes of how the value is recorded. */
  readonly resolution: number;
  /** The controls have the same, and it cannot be noisy: nothing has moved it yet, or there is nothing. */
  readonly still: boolean;
}

export interface Window {
  readonly steps: number;
  /** The steps after which the run is resumed, ascending. */
  readonly resumeAt: readonly number[];
}

/** @param controls at least the control; then every further one, in any number */
export function noiseAmong(controls: readonly Trace[], window: Window): Noise {
  return controls.length < 2 || agree(controls) ? exactly(controls) : statistically(controls, window);
}

function exactly(controls: readonly Trace[]): Noise {
  const [control] = controls;
  const kept = new Map<Quantity, { readonly step: number; readonly readings: Readings | undefined }>();
  /** Kept for the step asked for last: things are asked for one after the other. */
  const readings = (quantity: Quantity, step: number): Readings | undefined => {
    const last = kept.get(quantity);
    if (last?.step === step) return last.readings;
    const own = control && readingsAt(control, quantity, step);
    kept.set(quantity, { step, readings: own });
    return own;
  };
  return {
    exact: true,
    record: {
      exact: true,
      controls: controls.length,
      falseAlarm: 0,
      comparisons: 0,
      quantities: [],
      text:
        controls.length < 2
          ? 'equality to the bit: the backend is deterministic'
          : `equality to the bit: ${controls.length} controls agreed in every bit`,
    },
    compare(quantity, step, name, seen) {
      const own = readings(quantity, step)?.get(name);
      const pairs = (own?.values ?? [null]).map((expected, at): Comparison => {
        const value = seen?.values[at];
        return { expected, seen: value, difference: relativeDifference(expected, value), allowed: 0 };
      });
      return farthest(pairs);
    },
    alike: (_quantity, _step, _name, one, other) => String(one.values) === String(other.values),
  };
}

function statistically(controls: readonly Trace[], { steps, resumeAt }: Window): Noise {
  const [control] = controls as [Trace, ...Trace[]];
  const degrees = controls.length - 1;
  const spreads = spreadsAmong(controls);
  const ends = new Set([...resumeAt.slice(1), steps]);
  const isJudged = (quantity: Quantity, step: number): boolean =>
    isCurve(quantity) ? step > resumeAt[0]! : ends.has(step);
  const fits = new Map(
    QUANTITIES.map((quantity) => {
      const known = stepsOf(control, quantity);
      const used = isCurve(quantity) ? known.filter((step) => isJudged(quantity, step)) : known;
      return [quantity, fitOf(quantity, used, spreads, degrees)];
    }),
  );
  const judged = QUANTITIES.flatMap((quantity) => {
    const things = new Set<string>();
    let comparisons = 0;
    for (const step of stepsOf(control, quantity).filter((each) => isJudged(quantity, each))) {
      for (const [name, values] of spreads(quantity, step)) {
        const noisy = values.filter(({ still }) => !still).length;
        if (noisy > 0) things.add(thingOf(quantity, step, name));
        comparisons += noisy;
      }
    }
    return comparisons === 0 ? [] : [{ quantity, things: things.size, comparisons }];
  });
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const comparisons = sum(judged.map((each) => each.comparisons));
  const things = sum(judged.map((each) => each.things));
  const shared = (among: number, freedom: number): number =>
    studentQuantile(FALSE_ALARM / (2 * Math.max(1, among)), freedom);
  const criticalOf = (quantity: Quantity): number => {
    const { prior, valuesEach } = fits.get(quantity)!;
    return Math.max(
      shared(judged.length * resumeAt.length, degrees),
      shared(things * resumeAt.length, degrees + prior.degrees),
      shared(comparisons, degrees * valuesEach + prior.degrees),
    );
  };
  const critical = new Map(QUANTITIES.map((quantity) => [quantity, criticalOf(quantity)]));
  /** Of a difference whose variance is `draws` times that of one run. */
  const halfWidth = (
    quantity: Quantity,
    step: number,
    name: string,
    spread: Spread,
    draws: number,
  ): number => {
    if (spread.still) return 0;
    if (spread.variance === undefined) return Number.POSITIVE_INFINITY;
    const deviation = Math.sqrt(fits.get(quantity)!.variance(step, name, spread));
    return critical.get(quantity)! * Math.sqrt(draws) * Math.max(deviation, spread.resolution);
  };
  const draws = 1 + 1 / controls.length;

  const quantities = judged.map(({ quantity, ...counts }): QuantityNoise => {
    const { prior, floor } = fits.get(quantity)!;
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const step of stepsOf(control, quantity).filter((each) => isJudged(quantity, each))) {
      for (const [name, values] of spreads(quantity, step)) {
        for (const spread of values) {
          const allowed = halfWidth(quantity, step, name, spread, draws);
          if (spread.still || allowed === Number.POSITIVE_INFINITY) continue;
          least = Math.min(least, allowed);
          most = Math.max(most, allowed);
        }
      }
    }
    return {
      quantity,
      ...counts,
      floor,
      degrees: degrees + prior.degrees,
      factor: critical.get(quantity)! * Math.sqrt(draws),
      allowed: most === 0 ? null : { least, most },
    };
  });
  const floor = Math.max(0, ...quantities.map((each) => each.floor));
  return {
    exact: false,
    record: {
      exact: false,
      controls: controls.length,
      falseAlarm: FALSE_ALARM,
      comparisons,
      quantities,
      text: `the noise of ${controls.length} controls, up to ${floor.toExponential(1)} relative: each value within its Student-t prediction interval, with at most one false alarm in ${1 / FALSE_ALARM} verdicts`,
    },
    compare(quantity, step, name, seen) {
      const pairs = (spreads(quantity, step).get(name) ?? [NOTHING]).map((spread, at): Comparison => {
        const value = seen?.values[at];
        return {
          expected: spread.mean,
          seen: value,
          difference: distance(spread.mean, value, spread.scale),
          allowed: halfWidth(quantity, step, name, spread, draws),
        };
      });
      return farthest(pairs);
    },
    alike(quantity, step, name, one, other) {
      const among = spreads(quantity, step).get(name);
      return among === undefined
        ? String(one.values) === String(other.values)
        : among.every(
            (spread, at) =>
              distance(one.values[at], other.values[at], spread.scale) <=
              halfWidth(quantity, step, name, spread, 2),
          );
    },
  };
}

/** What the controls say of a quantity's noise. */
interface Fit {
  /** Relative variance of a value in one run: its own, its thing's or the prior's, whichever is largest. */
  variance(step: number, name: string, own: Spread): number;
  readonly prior: Prior;
  /** Root mean square of the relative deviations. */
  readonly floor: number;
  /** Values that a thing's variance is pooled over, on average. */
  readonly valuesEach: number;
}

/** The values whose variance is pooled: those of one name; of tensors and pictures, at one step. */
const thingOf = (quantity: Quantity, step: number, name: string): string =>
  isCurve(quantity) ? name : `${step} ${name}`;

type Spreads = (quantity: Quantity, step: number) => ReadonlyMap<string, readonly Spread[]>;

/** @param steps those that are judged: others, of a warm-up say, may be as noisy as they like */
function fitOf(quantity: Quantity, steps: readonly number[], spreads: Spreads, degrees: number): Fit {
  const all = steps.flatMap((step) =>
    [...spreads(quantity, step)].flatMap(([name, values]) =>
      values.flatMap(({ still, variance }) =>
        still || variance === undefined ? [] : [{ step, thing: thingOf(quantity, step, name), variance }],
      ),
    ),
  );
  const flat = medians(all.map(({ thing, variance }) => [thing, variance]));
  const growth = isCurve(quantity)
    ? growthOf(
        medians(
          all.flatMap(({ step, thing, variance }) =>
            flat.get(thing)! > 0 ? [[step, variance / flat.get(thing)!] as const] : [],
          ),
        ),
      )
    : 0;
  const own = medians(all.map(({ step, thing, variance }) => [thing, variance / step ** growth]));
  const prior = priorOf([...own.values()], degrees);
  return {
    prior,
    floor: Math.sqrt(mean(all.map(({ variance }) => variance))),
    valuesEach: all.length / Math.max(1, own.size),
    variance(step, name, { variance = 0 }) {
      const pooled = own.get(thingOf(quantity, step, name)) ?? 0;
      const moderated = (prior.degrees * prior.variance + degrees * pooled) / (prior.degrees + degrees);
      return Math.max(variance, Math.max(pooled, moderated) * step ** growth);
    },
  };
}

/** The median of the values of each key: one that is the same in all controls by chance, or a wild one, is one. */
function medians<Key>(entries: readonly (readonly [Key, number])[]): Map<Key, number> {
  const groups = new Map<Key, number[]>();
  for (const [key, value] of entries) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return new Map([...groups].map(([key, values]) => [key, median(values)]));
}

const NOTHING: Spread = { mean: null, scale: 0, variance: undefined, resolution: 0, still: true };

function farthest(pairs: readonly Comparison[]): Comparison {
  const beyond = ({ difference, allowed }: Comparison): number =>
    difference <= allowed ? 0 : difference / allowed;
  return pairs.reduce((worst, each) => (beyond(each) > beyond(worst) ? each : worst));
}

type Value = number | null | undefined;

/** |a − b| in units of `scale`; 0 for equal values, NaN equal to NaN; infinite if only one is a number. */
function distance(a: Value, b: Value, scale: number): number {
  if (typeof a !== 'number' || typeof b !== 'number') {
    return (a ?? null) === (b ?? null) ? 0 : Number.POSITIVE_INFINITY;
  }
  if (Object.is(a, b) || a === b) return 0;
  const difference = Math.abs(a - b) / scale;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

/** Relative to the larger magnitude. */
const relativeDifference = (a: Value, b: Value): number =>
  distance(a, b, Math.max(Math.abs(a ?? 0), Math.abs(b ?? 0)));

/** What the controls show of each thing at a step; kept for the step asked for last. */
function spreadsAmong(controls: readonly Trace[]): Spreads {
  const moved = firstMoves(controls);
  const initial = initialDigests(controls[0]!);
  const kept = new Map<Quantity, { step: number; spreads: ReadonlyMap<string, readonly Spread[]> }>();
  return (quantity, step) => {
    const last = kept.get(quantity);
    if (last?.step === step) return last.spreads;
    const each = controls.map((control) => readingsAt(control, quantity, step));
    const spreads = new Map(
      [...(each[0] ?? [])].map(([name, own]) => {
        const readings = each.map((one) => one?.get(name));
        const still =
          quantity === 'l2' || quantity === 'updateL2'
            ? step < (moved.get(name) ?? Number.POSITIVE_INFINITY)
            : own.sha256 !== undefined && own.sha256 === initial.get(`${quantity} ${name}`);
        return [name, own.values.map((_, at) => spreadOf(readings, at, still))];
      }),
    );
    kept.set(quantity, { step, spreads });
    return spreads;
  };
}

/** By parameter, the step at which any control first changed it; none for those that are never trained. */
function firstMoves(controls: readonly Trace[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { steps } of controls) {
    for (const { step, names, changed } of steps) {
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

function spreadOf(readings: readonly (Reading | undefined)[], at: number, unmoved: boolean): Spread {
  const values = readings.map((reading) => reading?.values[at] ?? null);
  const [own] = values as [number | null];
  const numbers = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const same = values.every((value) => Object.is(value, own));
  if (same && (unmoved || own === 0 || numbers.length === 0))
    return { ...NOTHING, mean: own, scale: Math.abs(own ?? 0) };
  if (numbers.length < values.length) return { ...NOTHING, mean: own, still: false };
  const middle = mean(numbers);
  // A projection may lie anywhere near 0: it is as large as the norm, which comes first.
  const scale = Math.abs(at === 0 ? middle : mean(readings.map((reading) => reading!.values[0]!)));
  const squares = numbers.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return {
    mean: middle,
    scale,
    variance: squares / (numbers.length - 1) / scale ** 2,
    resolution: Math.max(RESOLUTION, (readings[0]!.quantum ?? 0) / scale),
    still: false,
  };
}

/** Whether all runs are the same in every measured bit, as far as they went. */
export function agree(traces: readonly Trace[]): boolean {
  const [first, ...others] = traces;
  return others.every(
    (other) =>
      first!.steps.every((step, index) => {
        const same = other.steps[index];
        return same === undefined || CURVES.every((curve) => sameStep(step, same, curve));
      }) &&
      first!.states.every((state) => {
        const same = other.states.find(({ at, step }) => at === state.at && step === state.step);
        return same === undefined || digests(state.tensors) === digests(same.tensors);
      }) &&
      first!.samples.every((sample) => {
        const same = other.samples.find(
          ({ at, step, name }) => at === sample.at && step === sample.step && name === sample.name,
        );
        return same === undefined || same.sha256 === sample.sha256;
      }),
  );
}

const digests = (records: readonly { sha256: string }[]): string =>
  records.map(({ sha256 }) => sha256).join();

/**
 * How far runs of the same program differ, and how far a resumed run may therefore differ from them.
 *
 * If all controls agree to the bit, the resumed run must agree too. Otherwise a healthy resumed run is one more draw
 * from the distribution of the controls, and each of its values must lie in a Student-t prediction interval around the
 * controls' mean. A single value may be the same in a few controls by chance. So the variance of a thing, such as a
 * parameter's norm, is the median over its steps, scaled by the growth of the quantity's noise, and over its sketch. A
 * value's own variance is used only if it is larger. The variance is also raised, never lowered, towards that of the
 * quantity's other things, as far as these agree with each other (G. K. Smyth, 'Linear models and empirical Bayes
 * methods for assessing differential expression in microarray experiments', Stat. Appl. Genet. Mol. Biol. 3(1), 2004).
 *
 * The correlation between the values of a run is unknown. The critical value is the largest of three extremes: one
 * random number moves all values of a quantity, one moves all values of a thing, or one moves each value.
 */
import type { Trace, TracedStep } from '../../trace/schema.ts';
import { indexOf, sameStep, sameValues } from '../columns.ts';
import {
  CURVES,
  type Curve,
  isCurve,
  QUANTITIES,
  type Quantity,
  type Reading,
  type Readings,
  readingsAt,
  stepReadings,
  stepsOf,
} from '../quantities.ts';
import type { NoiseRecord, QuantityNoise } from '../verdict.ts';
import { type Fit, fitOf } from './fit.ts';
import { type Spreads, spreadsAmong } from './spreads.ts';
import { studentQuantile } from './statistics.ts';

/** How often noise may refute a healthy run: once in 10,000 verdicts. */
export const FALSE_ALARM = 1e-4;

/**
 * How many controls measure the noise once two of them differ. If one random number moves all values of a run, the
 * interval at {@link FALSE_ALARM} is 6,366 standard deviations for two controls, 100 for three, 22 for four and 13 for
 * five. A fifth control would not pay off.
 */
export const NOISY_CONTROLS = 4;

/** A value of a resumed run compared with the control's. */
export interface Comparison {
  readonly expected: number | null | undefined;
  readonly seen: number | null | undefined;
  /** Relative to the magnitude of the compared values; infinite if only one side has a number. */
  readonly difference: number;
  /** The largest difference that counts as noise; 0: equal to the bit. Infinite if the controls contradict each other. */
  readonly allowed: number;
}

/** How far equal runs differ, and which values differ by more. */
export interface Noise {
  /** Whether the controls agree in every measured bit. */
  readonly exact: boolean;
  /** The noise as the verdict reports it. */
  readonly record: NoiseRecord;
  /** Compares the values of a thing with the controls, and returns the one that exceeds its noise the most. */
  compare(quantity: Quantity, step: number, name: string, seen: Reading | undefined): Comparison;
  /**
   * Whether a thing in two runs other than controls agrees within the noise. Without values, the noise cannot be
   * measured: it then agrees if its bytes do, or if the controls' do not.
   */
  alike(quantity: Quantity, step: number, name: string, one: Reading, other: Reading): boolean;
  /** Whether all controls recorded a thing with the same bytes. */
  settled(quantity: Quantity, step: number, name: string): boolean;
  /** The parameters for which {@link Noise.compare} finds a difference beyond the noise; the loss has the empty name. */
  departing(curve: Curve, control: TracedStep, resumed: TracedStep): readonly string[];
}

export interface Window {
  /** The step that each resume goes on from, and the step that it ends at. */
  readonly resumeAt: readonly number[];
  readonly ends: readonly number[];
  /** How many ranks are judged, each by its own noise: they share the probability of a false alarm. */
  readonly ranks: number;
}

/** @param controls the control, then any number of twins */
export function noiseAmong(controls: readonly Trace[], window: Window): Noise {
  return controls.length < 2 || agree(controls) ? exactly(controls) : statistically(controls, window);
}

function exactly(controls: readonly Trace[]): Noise {
  const [control] = controls;
  const kept = new Map<Quantity, { readonly step: number; readonly readings: Readings | undefined }>();
  /** Kept for the last requested step, because things are requested one after another. */
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
    alike: (_quantity, _step, _name, one, other) => sameReading(one, other),
    settled: () => true,
    departing(curve, own, resumed) {
      if (sameStep(own, resumed, curve)) return [];
      const columns = aligned(curve, own, resumed);
      if (columns === undefined) return departingOneByOne(this, curve, own, resumed);
      const [theirs, mine] = columns;
      return own.names.filter((_, at) => relativeDifference(theirs[at], mine[at]) > 0);
    },
  };
}

function statistically(controls: readonly Trace[], window: Window): Noise {
  const [control] = controls as [Trace, ...Trace[]];
  const degrees = controls.length - 1;
  const spreadsAt = spreadsAmong(controls);
  const { resumeAt, ranks } = window;
  const falseAlarm = FALSE_ALARM / ranks;
  const first = Math.min(...resumeAt);
  const ends = new Set(window.ends);
  const judgedSteps = (quantity: Quantity): ((step: number) => boolean) =>
    isCurve(quantity) ? (step) => step > first : (step) => ends.has(step);
  const fits = new Map(
    QUANTITIES.map((quantity) => {
      const known = stepsOf(control, quantity);
      const isJudged = judgedSteps(quantity);
      const used = isCurve(quantity) ? known.filter(isJudged) : known;
      return [quantity, fitOf(quantity, used, isJudged, spreadsAt, degrees)];
    }),
  );
  const judged = QUANTITIES.filter((quantity) => fits.get(quantity)!.comparisons > 0);
  const sum = (of: (fit: Fit) => number): number =>
    judged.reduce((total, quantity) => total + of(fits.get(quantity)!), 0);
  const comparisons = sum((fit) => fit.comparisons);
  const things = sum((fit) => fit.things);
  const shared = (among: number, freedom: number): number =>
    studentQuantile(falseAlarm / (2 * Math.max(1, among)), freedom);
  const criticalOf = (quantity: Quantity): number => {
    const { prior, valuesEach } = fits.get(quantity)!;
    return Math.max(
      shared(judged.length * resumeAt.length, degrees),
      shared(things * resumeAt.length, degrees + prior.degrees),
      shared(comparisons, degrees * valuesEach + prior.degrees),
    );
  };
  const critical = new Map(QUANTITIES.map((quantity) => [quantity, criticalOf(quantity)]));
  const kept = new Map<Quantity, { readonly step: number; readonly intervals: Intervals | undefined }>();
  /** Kept for the last requested step, because things are requested one after another. */
  const intervalsAt = (quantity: Quantity, step: number): Intervals | undefined => {
    const last = kept.get(quantity);
    if (last?.step === step) return last.intervals;
    const spreads = spreadsAt(quantity, step);
    const intervals = spreads && {
      ...spreads,
      widths: widthsOf(spreads, fits.get(quantity)!.deviations(step, spreads), critical.get(quantity)!),
    };
    kept.set(quantity, { step, intervals });
    return intervals;
  };
  /** Standard deviation of the difference between a run and the controls' mean, and between two runs, relative to one run. */
  const [against, between] = [Math.sqrt(1 + 1 / controls.length), Math.SQRT2];

  const settled = (quantity: Quantity, step: number, name: string): boolean => {
    const [own, ...others] = controls.map((each) => readingsAt(each, quantity, step)?.get(name)?.digest);
    return own !== undefined && others.every((other) => other === own);
  };

  const quantities = judged.map((quantity): QuantityNoise => {
    const fit = fits.get(quantity)!;
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (const step of stepsOf(control, quantity).filter(judgedSteps(quantity))) {
      const { widths, still } = intervalsAt(quantity, step)!;
      for (let at = 0; at < widths.length; at += 1) {
        if (still[at] === 1 || widths[at] === Number.POSITIVE_INFINITY) continue;
        least = Math.min(least, against * widths[at]!);
        most = Math.max(most, against * widths[at]!);
      }
    }
    return {
      quantity,
      things: fit.things,
      comparisons: fit.comparisons,
      floor: fit.floor,
      degrees: degrees + fit.prior.degrees,
      factor: critical.get(quantity)! * against,
      allowed: most === 0 ? null : { least, most },
    };
  });
  const floor = Math.max(0, ...quantities.map((each) => each.floor));
  return {
    exact: false,
    record: {
      exact: false,
      controls: controls.length,
      falseAlarm,
      comparisons,
      quantities,
      text: `the noise of ${controls.length} controls, up to ${floor.toExponential(1)} relative: each value within its Student-t prediction interval, with at most one false alarm in ${1 / FALSE_ALARM} verdicts`,
    },
    compare(quantity, step, name, seen) {
      const intervals = intervalsAt(quantity, step);
      const thing = intervals && indexOf(intervals.names).get(name);
      const [from, to] =
        thing === undefined ? [0, 0] : [intervals!.starts[thing]!, intervals!.starts[thing + 1]!];
      if (from === to) return comparison(null, seen?.values[0], 0, 0);
      const { scales, widths } = intervals!;
      return farthest(
        Array.from({ length: to - from }, (_, at) =>
          comparison(
            expectedOf(intervals!, from + at),
            seen?.values[at],
            scales[from + at]!,
            against * widths[from + at]!,
          ),
        ),
      );
    },
    alike(quantity, step, name, one, other) {
      const intervals = intervalsAt(quantity, step);
      const thing = intervals && indexOf(intervals.names).get(name);
      if (thing === undefined) return sameReading(one, other);
      if (one.values.length === 0 || other.values.length === 0)
        return sameReading(one, other) || !settled(quantity, step, name);
      const { starts, scales, widths } = intervals!;
      for (let at = starts[thing]!, value = 0; at < starts[thing + 1]!; at += 1, value += 1) {
        const pair = [one.values[value], other.values[value]];
        // A width can be infinite. Noise does not make a value stop being finite.
        if (pair.filter(Number.isFinite).length === 1) return false;
        const apart = distance(pair[0], pair[1], scales[at]!);
        if (!(apart <= between * widths[at]!)) return false;
      }
      return true;
    },
    settled,
    departing(curve, own, resumed) {
      const intervals = intervalsAt(curve, own.step);
      const columns = aligned(curve, own, resumed);
      if (intervals === undefined || columns === undefined || !sameValues(intervals.names, own.names))
        return departingOneByOne(this, curve, own, resumed);
      const { scales, widths } = intervals;
      const [, mine] = columns;
      return own.names.filter(
        (_, at) => distance(expectedOf(intervals, at), mine[at], scales[at]!) > against * widths[at]!,
      );
    },
  };
}

const sameReading = (one: Reading, other: Reading): boolean =>
  String(one.values) === String(other.values) && (one.values.length > 0 || one.digest === other.digest);

type Values = readonly (number | null)[];

/** A curve's values in two steps with the same parameters in the same order; undefined for other steps and for the loss. */
function aligned(curve: Curve, one: TracedStep, other: TracedStep): readonly [Values, Values] | undefined {
  if (curve === 'loss' || !sameValues(one.names, other.names)) return undefined;
  const [mine, theirs] = [one[curve], other[curve]];
  return mine === undefined || theirs === undefined ? undefined : [mine, theirs];
}

function departingOneByOne(noise: Noise, curve: Curve, own: TracedStep, resumed: TracedStep): string[] {
  const mine = stepReadings(resumed, curve);
  return [...new Set([...stepReadings(own, curve).keys(), ...mine.keys()])].filter((name) => {
    const { difference, allowed } = noise.compare(curve, resumed.step, name, mine.get(name));
    return difference > allowed;
  });
}

interface Intervals extends Spreads {
  /** The relative half width of each value's interval, for one run around its known mean. */
  readonly widths: Float64Array;
}

const widthsOf = (
  { still, variances, resolutions }: Spreads,
  deviations: Float64Array,
  critical: number,
): Float64Array =>
  deviations.map((deviation, at) => {
    if (still[at] === 1) return 0;
    return Number.isNaN(variances[at])
      ? Number.POSITIVE_INFINITY
      : critical * Math.max(deviation, resolutions[at]!);
  });

/** The controls' mean; if there is none, the control's value. */
const expectedOf = ({ own, means, variances }: Spreads, at: number): Value =>
  Number.isNaN(variances[at]) ? own[at] : means[at];

const comparison = (expected: Value, seen: Value, scale: number, allowed: number): Comparison => ({
  expected,
  seen,
  difference: distance(expected, seen, scale),
  allowed,
});

function farthest(pairs: readonly Comparison[]): Comparison {
  const beyond = ({ difference, allowed }: Comparison): number =>
    difference <= allowed ? 0 : difference / allowed;
  // A text has neither a norm nor a sketch: its digest is compared.
  const none: Comparison = { expected: null, seen: null, difference: 0, allowed: 0 };
  return pairs.reduce((worst, each) => (beyond(each) > beyond(worst) ? each : worst), pairs[0] ?? none);
}

type Value = number | null | undefined;

/** |a − b| in units of `scale`; 0 for equal values, where NaN equals NaN; infinite if only one is a number. */
function distance(a: Value, b: Value, scale: number): number {
  if (typeof a !== 'number' || typeof b !== 'number') {
    return (a ?? null) === (b ?? null) ? 0 : Number.POSITIVE_INFINITY;
  }
  if (Object.is(a, b) || a === b) return 0;
  const difference = Math.abs(a - b) / scale;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

/** The distance relative to the larger magnitude. */
const relativeDifference = (a: Value, b: Value): number =>
  distance(a, b, Math.max(Math.abs(a ?? 0), Math.abs(b ?? 0)));

/** Whether all runs agree in every measured bit, up to where each of them ended. */
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
        return same === undefined || same.digest === sample.digest;
      }),
  );
}

const digests = (records: readonly { digest: string }[]): string =>
  records.map(({ digest }) => digest).join();

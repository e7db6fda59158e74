/** What is compared between runs, quantity by quantity: what a trace holds of it at a step. */
import type { SampleRecord, StateRecord, TensorRecord, Trace, TracedStep } from '../trace/schema.ts';

/** Measured in every step, by parameter. */
export const CURVES = ['loss', 'l2', 'updateL2', 'gradientL2', 'appliedGradientL2'] as const;
/** Recorded where a segment of steps ends: tensors of each kind, and images. */
export const QUANTITIES = [...CURVES, 'parameter', 'slot', 'ema', 'buffer', 'image'] as const;

/** A quantity that is recorded at every step. */
export type Curve = (typeof CURVES)[number];
/**
 * What is compared between runs: a quantity of every step, or a kind of tensor where a segment of steps ends.
 */
export type Quantity = (typeof QUANTITIES)[number];

/** Relative: half the distance of neighbouring float32 numbers. No value is known better than it is held. */
export const RESOLUTION = 2 ** -24;

/** One thing's values: its norm; or of a tensor or an image the L2 norm and the sketch. */
export interface Reading {
  readonly values: readonly (number | null)[];
  /** The least difference between two values that the record can hold, where that is not relative. */
  readonly quantum?: number;
  readonly sha256?: string;
}
export type Readings = ReadonlyMap<string, Reading>;

export const isCurve = (quantity: Quantity): quantity is Curve =>
  (CURVES as readonly Quantity[]).includes(quantity);

/** What a step says of a curve, by parameter; the loss goes by the empty name. */
export function stepReadings(step: TracedStep, curve: Curve): Readings {
  if (curve === 'loss') return new Map([['', { values: [step.claimed.loss] }]]);
  return new Map(
    step.names.map((name, at) => [
      name,
      {
        values: [step[curve]?.[at] ?? null],
        // The difference of two numbers is known no better than they are.
        ...(curve === 'updateL2' ? { quantum: RESOLUTION * step.l2[at]! } : {}),
      },
    ]),
  );
}

export const tensorReadings = (state: StateRecord, kind: TensorRecord['kind']): Readings =>
  new Map(
    state.tensors
      .filter((tensor) => tensor.kind === kind)
      .map(({ name, l2, sketch = [], sha256 }) => [name, { values: [l2, ...sketch], sha256 }]),
  );

/** A pixel is a whole number, and one that lies between two may be rounded to either. */
export const imageReadings = (samples: readonly SampleRecord[]): Readings =>
  new Map(
    samples.map(({ name, l2, sketch = [], sha256 }) => [
      name,
      { values: l2 === undefined ? [] : [l2, ...sketch], quantum: 1, sha256 },
    ]),
  );

const indexes = new WeakMap<readonly TracedStep[], ReadonlyMap<number, TracedStep>>();

function tracedStep({ steps }: Trace, step: number): TracedStep | undefined {
  let index = indexes.get(steps);
  if (index === undefined) {
    index = new Map(steps.map((each) => [each.step, each]));
    indexes.set(steps, index);
  }
  return index.get(step);
}

/** What a control recorded of a quantity at a step; undefined where it recorded nothing. */
export function readingsAt(control: Trace, quantity: Quantity, step: number): Readings | undefined {
  if (isCurve(quantity)) {
    const traced = tracedStep(control, step);
    return traced === undefined ? undefined : stepReadings(traced, quantity);
  }
  if (quantity === 'image') {
    return imageReadings(control.samples.filter(({ at, step: own }) => own === step && at !== 'deviated'));
  }
  const state = control.states.find(({ at, step: own }) => own === step && (at === 'pass' || at === 'end'));
  return state === undefined ? undefined : tensorReadings(state, quantity);
}

/** Values in one list, things after each other. */
export interface Values {
  readonly names: readonly string[];
  /** Where each thing's values begin, and where the last one's end. */
  readonly starts: readonly number[];
  readonly values: readonly (number | null)[];
  /** The least difference that the record can hold; 0 where that is relative. */
  quantum(thing: number): number;
  digest(thing: number): string | undefined;
}

/** {@link readingsAt} in one list; of a curve without an object for each of its values. */
export function valuesAt(control: Trace, quantity: Quantity, step: number): Values | undefined {
  if (isCurve(quantity) && quantity !== 'loss') {
    const traced = tracedStep(control, step);
    if (traced === undefined) return undefined;
    const { names, l2 } = traced;
    return {
      names,
      starts: upTo(names.length),
      values: traced[quantity] ?? names.map(() => null),
      quantum: (thing) => (quantity === 'updateL2' ? RESOLUTION * l2[thing]! : 0),
      digest: () => undefined,
    };
  }
  const readings = readingsAt(control, quantity, step);
  if (readings === undefined) return undefined;
  const all = [...readings.values()];
  const starts = [0];
  for (const { values } of all) starts.push(starts.at(-1)! + values.length);
  return {
    names: [...readings.keys()],
    starts,
    values: all.flatMap(({ values }) => values),
    quantum: (thing) => all[thing]!.quantum ?? 0,
    digest: (thing) => all[thing]!.sha256,
  };
}

let counted: readonly number[] = [0];

/** 0 to `count`; the same array for the same count as before. */
function upTo(count: number): readonly number[] {
  if (counted.length !== count + 1) counted = Array.from({ length: count + 1 }, (_, at) => at);
  return counted;
}

/** The steps at which a control recorded a quantity, ascending. */
export function stepsOf(control: Trace, quantity: Quantity): readonly number[] {
  if (isCurve(quantity)) return control.steps.map(({ step }) => step);
  const records =
    quantity === 'image' ? control.samples : control.states.filter(({ at }) => at === 'pass' || at === 'end');
  return [...new Set(records.map(({ step }) => step))];
}

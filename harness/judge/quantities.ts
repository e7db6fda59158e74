/** The quantities that are compared between runs, and how to read them from a trace at a step. */
import type { SampleRecord, StateRecord, TensorRecord, Trace, TracedStep } from '../trace/schema.ts';

/** Measured in every step, per parameter. */
export const CURVES = ['loss', 'l2', 'updateL2', 'gradientL2', 'appliedGradientL2'] as const;
/** The curves, and what is recorded at the end of a segment: tensors of each kind, and samples. */
export const QUANTITIES = [...CURVES, 'parameter', 'slot', 'ema', 'buffer', 'sample'] as const;

/** A quantity that is recorded at every step. */
export type Curve = (typeof CURVES)[number];
/**
 * What is compared between runs: a quantity of every step, or a kind of tensor or the samples at the end of a segment.
 */
export type Quantity = (typeof QUANTITIES)[number];

/** Half the distance between neighbouring float32 numbers, relative. No value is known more precisely than that. */
export const RESOLUTION = 2 ** -24;

/** The values of one thing: its norm, or the L2 norm and the sketch of a tensor or a sample. */
export interface Reading {
  readonly values: readonly (number | null)[];
  /** The smallest difference that the record can hold, if it is absolute. */
  readonly quantum?: number;
  readonly digest?: string;
}
export type Readings = ReadonlyMap<string, Reading>;

export const isCurve = (quantity: Quantity): quantity is Curve =>
  (CURVES as readonly Quantity[]).includes(quantity);

/** The values of a curve at a step, per parameter; the loss has the empty name. */
export function stepReadings(step: TracedStep, curve: Curve): Readings {
  if (curve === 'loss') return new Map([['', { values: [step.claimed.loss] }]]);
  return new Map(
    step.names.map((name, at) => [
      name,
      {
        values: [step[curve]?.[at] ?? null],
        // A difference of two numbers is no more precise than the numbers.
        ...(curve === 'updateL2' ? { quantum: RESOLUTION * step.l2[at]! } : {}),
      },
    ]),
  );
}

export const tensorReadings = (state: StateRecord, kind: TensorRecord['kind']): Readings =>
  new Map(
    state.tensors
      .filter((tensor) => tensor.kind === kind)
      .map(({ name, l2, sketch = [], digest }) => [name, { values: [l2, ...sketch], digest }]),
  );

/**
 * Pixels and PCM samples are integers, and a value between two of them can be rounded to either. A text has no values:
 * only its digest is compared.
 */
export const sampleReadings = (samples: readonly SampleRecord[]): Readings =>
  new Map(
    samples.map((sample) => [sample.name, { values: valuesOf(sample), quantum: 1, digest: sample.digest }]),
  );

function valuesOf(sample: SampleRecord): readonly number[] {
  if (sample.type === 'text' || sample.l2 === undefined) return [];
  return [sample.l2, ...(sample.sketch ?? [])];
}

const indexes = new WeakMap<readonly TracedStep[], ReadonlyMap<number, TracedStep>>();

function tracedStep({ steps }: Trace, step: number): TracedStep | undefined {
  let index = indexes.get(steps);
  if (index === undefined) {
    index = new Map(steps.map((each) => [each.step, each]));
    indexes.set(steps, index);
  }
  return index.get(step);
}

/** The values of a quantity that a control recorded at a step; undefined if it recorded none. */
export function readingsAt(control: Trace, quantity: Quantity, step: number): Readings | undefined {
  if (isCurve(quantity)) {
    const traced = tracedStep(control, step);
    return traced === undefined ? undefined : stepReadings(traced, quantity);
  }
  if (quantity === 'sample') {
    return sampleReadings(
      control.samples.filter(({ at, step: own }) => own === step && at !== 'deviated' && at !== 'changed'),
    );
  }
  const state = control.states.find(({ at, step: own }) => own === step && (at === 'pass' || at === 'end'));
  return state === undefined ? undefined : tensorReadings(state, quantity);
}

/** The values of all things in one list, one thing after another. */
export interface Values {
  readonly names: readonly string[];
  /** The start of each thing's values, then the end of the list. */
  readonly starts: readonly number[];
  readonly values: readonly (number | null)[];
  /** The smallest difference that the record can hold; 0 if it is relative. */
  quantum(thing: number): number;
  digest(thing: number): string | undefined;
}

/** {@link readingsAt} in one list. Curves need no object per value. */
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
    digest: (thing) => all[thing]!.digest,
  };
}

let counted: readonly number[] = [0];

/** The numbers from 0 to `count`. The last array is reused if the count is the same. */
function upTo(count: number): readonly number[] {
  if (counted.length !== count + 1) counted = Array.from({ length: count + 1 }, (_, at) => at);
  return counted;
}

/** The steps at which a control recorded a quantity, ascending. */
export function stepsOf(control: Trace, quantity: Quantity): readonly number[] {
  if (isCurve(quantity)) return control.steps.map(({ step }) => step);
  const records =
    quantity === 'sample'
      ? control.samples
      : control.states.filter(({ at }) => at === 'pass' || at === 'end');
  return [...new Set(records.map(({ step }) => step))];
}

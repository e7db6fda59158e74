/**
 * Reads the complete state of a TensorFlow.js optimizer from its properties. `getWeights()` is not enough: it omits
 * values that the optimizer recomputes, and some optimizers do not implement it. The code relies only on the conventions
 * of `tf.Optimizer` (arrays of `{ originalName, variable }` with one entry per weight, scalar tensors, numbers), so it
 * also reads custom optimizers.
 */
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { trainingObserver } from '../training/observation.ts';
import type { Observed } from '../training/trainer.ts';
import { prefix, type TrainedModel, type Weight } from './model.ts';

interface SlotEntry {
  originalName: string;
  variable: tf.Variable;
}
type Plain = number | boolean | string | null;

export interface TrainedOptimizer {
  /** The key of the first model that is compiled with this optimizer. */
  readonly key: string;
  readonly optimizer: tf.Optimizer;
  /** The weights that it trains, in the order of its slots. */
  readonly weights: readonly Weight[];
}

export interface Slot {
  readonly slot: string;
  /** The optimizer's property that holds the slot, and the index in it. */
  readonly property: string;
  readonly index: number;
  readonly parameter: string;
  readonly tensor: tf.Variable;
}

/** Usual names for the slots of TensorFlow.js' optimizers. The slots of other optimizers keep their property names. */
const SLOT_NAMES: Readonly<Record<string, string>> = {
  accumulations: 'velocity',
  accumulatedFirstMoment: 'firstMoment',
  accumulatedSecondMoment: 'secondMoment',
  accumulatedWeightedInfNorm: 'infinityNorm',
  accumulatedMeanSquares: 'meanSquare',
  accumulatedMeanGrads: 'meanGradient',
  accumulatedMoments: 'velocity',
  accumulatedGrads: 'squaredGradients',
  accumulatedUpdates: 'squaredUpdates',
};

/** SGD and Momentum multiply by these tensors. Assigning `learningRate` or `momentum` does not change them. */
const SCALAR_NAMES: Readonly<Record<string, string>> = { c: 'negatedRateInUse', m: 'momentumInUse' };

/**
 * Each optimizer once, even if several models share it.
 * @throws {Error} when no model is compiled
 */
export function optimizersOf(
  models: readonly TrainedModel[],
  parameters: readonly Weight[],
): TrainedOptimizer[] {
  const byVariable = new Map(parameters.map((weight) => [weight.variable, weight]));
  const found = new Map<tf.Optimizer, TrainedOptimizer>();
  for (const { key, model, internals } of models) {
    const { optimizer } = model;
    if (optimizer === undefined || found.has(optimizer)) continue;
    const weights = internals.collectedTrainableWeights.map(
      (weight) => byVariable.get(weight.read() as tf.Variable)!,
    );
    found.set(optimizer, { key, optimizer, weights });
  }
  if (found.size === 0) {
    throw new Error(
      'no model has an optimizer: compile a model in `build`, or in `loop` before its first batch',
    );
  }
  return [...found.values()];
}

const isSlots = (value: unknown): value is (SlotEntry | undefined)[] =>
  Array.isArray(value) && value.some((entry) => entry?.variable instanceof tf.Tensor);

const properties = (optimizer: tf.Optimizer): [string, unknown][] => {
  // Reading `iterations` initializes it to a number before the first step.
  void optimizer.iterations;
  return Object.entries(optimizer);
};

export function slotsOf({ optimizer, weights }: TrainedOptimizer): Slot[] {
  return properties(optimizer).flatMap(([property, value]) =>
    isSlots(value)
      ? value.flatMap((entry, index): Slot[] =>
          entry === undefined
            ? []
            : [
                {
                  slot: SLOT_NAMES[property] ?? property,
                  property,
                  index,
                  parameter: weights[index]?.name ?? `weight ${index}`,
                  tensor: entry.variable,
                },
              ],
        )
      : [],
  );
}

/** Tensors that are not per weight, such as the accumulated powers of beta, by property. */
export const scalarsOf = ({ optimizer }: TrainedOptimizer): [string, tf.Tensor][] =>
  properties(optimizer).flatMap(([name, value]) => (value instanceof tf.Tensor ? [[name, value]] : []));

/** Iterations, learning rate and hyperparameters, by property. */
const plainOf = ({ optimizer }: TrainedOptimizer): [string, Plain][] =>
  properties(optimizer).flatMap(([name, value]) =>
    value === null || ['number', 'boolean', 'string'].includes(typeof value) ? [[name, value as Plain]] : [],
  );

export const optimizerStateSchema = z.object({
  name: z.string(),
  plain: z.record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.null()])),
  /** The suffix that TensorFlow.js appends to a weight's name to name its slot, by property. */
  slots: z.record(z.string(), z.string()),
});

/** The state that a checkpoint stores of one optimizer, without its tensors. */
export type OptimizerState = z.output<typeof optimizerStateSchema>;

function optimizerState(trained: TrainedOptimizer): OptimizerState {
  const suffixes = properties(trained.optimizer).flatMap(([property, value]): [string, string][] => {
    const first = isSlots(value) ? value.find((entry) => entry !== undefined) : undefined;
    return first === undefined ? [] : [[property, first.originalName.split('/').at(-1)!]];
  });
  return {
    name: trained.optimizer.getClassName(),
    plain: Object.fromEntries(plainOf(trained)),
    slots: Object.fromEntries(suffixes),
  };
}

export const slotKey = (key: string, parameter: string, property: string): string =>
  `${prefix(key)}${parameter}.${property}`;
export const scalarKey = (key: string, property: string): string => `${prefix(key)}${property}`;

export const stateKey = (key: string): string => `${prefix(key)}optimizer`;

/** The slots and scalar tensors of all optimizers, by {@link slotKey} and {@link scalarKey}. */
export const tensorsOf = (optimizers: readonly TrainedOptimizer[]): [string, tf.Tensor][] =>
  optimizers.flatMap((own): [string, tf.Tensor][] => [
    ...slotsOf(own).map(({ parameter, property, tensor }): [string, tf.Tensor] => [
      slotKey(own.key, parameter, property),
      tensor,
    ]),
    ...scalarsOf(own).map(([property, tensor]): [string, tf.Tensor] => [
      scalarKey(own.key, property),
      tensor,
    ]),
  ]);

/** The state that a checkpoint stores of all optimizers, without their tensors, by {@link stateKey}. */
export const statesOf = (optimizers: readonly TrainedOptimizer[]): Record<string, OptimizerState> =>
  Object.fromEntries(optimizers.map((own) => [stateKey(own.key), optimizerState(own)]));

/**
 * Restores an optimizer. A weight without a saved slot gets none; the optimizer creates it at its next step.
 * @param tensors by {@link slotKey} and {@link scalarKey}; the optimizer takes ownership of them
 */
export function restoreOptimizer(
  trained: TrainedOptimizer,
  state: OptimizerState,
  tensors: ReadonlyMap<string, tf.Tensor>,
): void {
  const { key, optimizer, weights } = trained;
  for (const { tensor } of slotsOf(trained)) tensor.dispose();
  for (const [, tensor] of scalarsOf(trained)) tensor.dispose();
  const restored: Record<string, unknown> = { ...state.plain };
  for (const [property, suffix] of Object.entries(state.slots)) {
    const entries: SlotEntry[] = [];
    weights.forEach(({ name, variable }, index) => {
      const tensor = tensors.get(slotKey(key, name, property));
      if (tensor === undefined) return;
      entries[index] = { originalName: `${variable.name}/${suffix}`, variable: toVariable(tensor) };
    });
    restored[property] = entries;
  }
  for (const [property, old] of scalarsOf(trained)) {
    const tensor = tensors.get(scalarKey(key, property))!;
    restored[property] = old instanceof tf.Variable ? toVariable(tensor) : tf.keep(tensor);
  }
  Object.assign(optimizer, restored);
}

function toVariable(tensor: tf.Tensor): tf.Variable {
  const variable = tf.variable(tensor, false);
  tensor.dispose();
  return variable;
}

/** Plain values and scalar tensors of one optimizer, by their usual names. Scalars are as of the last refresh. */
const countersOf = (trained: TrainedOptimizer, { scalars }: Watched): [string, Plain][] => [
  ...plainOf(trained).map(([name, value]): [string, Plain] => [name.replace(/_$/, ''), value]),
  ...[...scalars].map(([name, value]): [string, Plain] => [SCALAR_NAMES[name] ?? name, value]),
];

/** The slots of all optimizers, for the probe. */
export const observedSlots = (optimizers: readonly TrainedOptimizer[]): NonNullable<Observed['slots']> =>
  optimizers.flatMap((own) =>
    slotsOf(own).map(({ slot, parameter, tensor }) => ({
      slot: `${prefix(own.key)}${slot}`,
      parameter,
      tensor,
    })),
  );

/** The counters of all optimizers, for the probe. */
export const observedCounters = (
  optimizers: readonly (TrainedOptimizer & { readonly watched: Watched })[],
): [string, Plain][] =>
  optimizers.flatMap((own) =>
    countersOf(own, own.watched).map(([name, value]): [string, Plain] => [
      `${stateKey(own.key)}.${name}`,
      value,
    ]),
  );

export interface Watched {
  /** The learning rate that the optimizer reports, or NaN if it reports none. */
  claimed(): number;
  /** The values of the scalar tensors at the last {@link Watched.refresh}. */
  readonly scalars: ReadonlyMap<string, number>;
  /** Reads the scalar tensors. */
  refresh(): Promise<void>;
}

/**
 * Reports every gradient and update of an optimizer to the probe.
 * @param onUpdate called after each update with the variables, in the order of the slots
 */
export function watchOptimizer(
  trained: TrainedOptimizer,
  onUpdate: (variables: readonly tf.Variable[]) => void,
): Watched {
  const { optimizer } = trained;
  const scalars = new Map<string, number>();
  const claimed = (): number =>
    (optimizer as unknown as { learningRate?: number }).learningRate ?? Number.NaN;
  /** The learning rate that the update uses. */
  const applied = (): number => {
    const negated = scalars.get('c');
    return negated === undefined || -negated === Math.fround(claimed()) ? claimed() : -negated;
  };
  const apply = optimizer.applyGradients;
  const setLearningRate = (optimizer as { setLearningRate?: (learningRate: number) => void }).setLearningRate;
  const hidden = (value: unknown) => ({ value, writable: true, configurable: true, enumerable: false });
  Object.defineProperties(optimizer, {
    applyGradients: hidden((gradients: Parameters<typeof apply>[0]) => {
      const observer = trainingObserver();
      const named = Array.isArray(gradients)
        ? gradients
        : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
      const { registeredVariables } = tf.engine();
      const written = named.flatMap(({ name, tensor }) => {
        const variable = registeredVariables[name];
        // A frozen weight has no gradient.
        return tensor == null || variable === undefined ? [] : [{ variable, tensor }];
      });
      for (const { variable, tensor } of written) observer?.gradient(variable, tensor);
      apply.call(optimizer, gradients);
      for (const { variable } of written) observer?.update(variable, applied());
      onUpdate(named.map(({ name }) => registeredVariables[name]!));
    }),
    ...(setLearningRate === undefined
      ? {}
      : {
          setLearningRate: hidden((value: number) => {
            setLearningRate.call(optimizer, value);
            if (scalars.has('c')) scalars.set('c', -Math.fround(value));
          }),
        }),
  });
  return {
    claimed,
    scalars,
    async refresh() {
      const read = await Promise.all(
        scalarsOf(trained).map(async ([name, tensor]) => [name, (await tensor.data())[0]!] as const),
      );
      for (const [name, value] of read) scalars.set(name, value);
    },
  };
}

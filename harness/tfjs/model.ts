/** Weights, running statistics and RNN states of `tf.LayersModel`s, by names that are the same in every process. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** A `tf.LayersModel`, or an object of several models by name. The object can hold anything else that the loop needs. */
export type Models = object;

type Layer = layers.Layer;
type LayerVariable = Layer['weights'][number];

/** Private fields of a TensorFlow.js layer. */
interface LayerInternals {
  readonly _trainableWeights?: readonly LayerVariable[];
  readonly _nonTrainableWeights?: readonly LayerVariable[];
  readonly states_?: readonly Tensor[] | null;
}
/** Private members of a TensorFlow.js model. */
export interface ModelInternals {
  /** The weights that the model was compiled with, in the order of the optimizer's slots. */
  readonly collectedTrainableWeights: readonly LayerVariable[];
  makeTrainFunction(): (data: Tensor[]) => Tensor[];
  makeTestFunction(): void;
  testFunction: (data: Tensor[]) => Tensor[];
  trainOnBatch: LayersModel['trainOnBatch'];
}

export interface TrainedModel {
  /** The model's name among several; empty for a single model. */
  readonly key: string;
  /** The model object that the program uses. */
  readonly outer: LayersModel;
  /**
   * The model that `fit` and the other methods run on. A Sequential delegates to an inner model, and creates a new inner
   * model each time it is compiled.
   */
  readonly model: LayersModel;
  /** The same object as `model`, with its private members. */
  readonly internals: ModelInternals;
}

export interface Weight {
  readonly name: string;
  readonly variable: Variable;
}

/** The variables that layers and models train. A variable's own flag does not say whether its layer is frozen. */
export const trainableOf = (models: readonly TrainedModel[]): ReadonlySet<Variable> =>
  new Set(models.flatMap(({ model }) => model.trainableWeights.map((weight) => weight.read() as Variable)));

export interface RecurrentState {
  readonly name: string;
  readonly tensor: Tensor;
}

const isModel = (value: unknown): value is LayersModel =>
  typeof (value as LayersModel | undefined)?.compile === 'function';

/** All models, including those not compiled: a model can be part of another, or the loop can compile it later. */
export function trainedModels(models: Models): TrainedModel[] {
  const named: [string, unknown][] = isModel(models) ? [['', models]] : Object.entries(models);
  return named.flatMap(([key, model]) => {
    if (!isModel(model)) return [];
    const inner = (): LayersModel => (model as { model?: LayersModel }).model ?? model;
    return [
      {
        key,
        outer: model,
        get model() {
          return inner();
        },
        get internals() {
          return inner() as unknown as ModelInternals;
        },
      },
    ];
  });
}

/** Every layer once, including layers inside models, RNN cells and wrappers. */
function layersOf(models: readonly TrainedModel[]): { key: string; layer: Layer }[] {
  const found = new Map<object, { key: string; layer: Layer }>();
  const visit = (key: string, value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) visit(key, each);
    if (typeof value !== 'object' || value === null || found.has(value)) return;
    if ((value as LayerInternals)._trainableWeights === undefined) return;
    found.set(value, { key, layer: value as Layer });
    visit(key, Object.values(value));
  };
  for (const { key, model } of models) visit(key, model);
  return [...found.values()];
}

export const prefix = (key: string): string => (key === '' ? '' : `${key}.`);

/**
 * The parameters (trainable and frozen weights) and the running statistics. A weight that several layers or models share
 * appears once, under its first name.
 * @throws {Error} when two weights have the same name
 */
export function weightsOf(models: readonly TrainedModel[]): { parameters: Weight[]; statistics: Weight[] } {
  const seen = new Set<Variable>();
  const names = new Set<string>();
  const collect = (own: '_trainableWeights' | '_nonTrainableWeights'): Weight[] =>
    layersOf(models).flatMap(({ key, layer }) =>
      ((layer as unknown as LayerInternals)[own] ?? []).flatMap((weight) => {
        const variable = weight.read() as Variable;
        if (seen.has(variable)) return [];
        const name = `${prefix(key)}${weight.originalName}`;
        if (names.has(name)) {
          throw new Error(`two weights are named '${name}': give each layer a unique name`);
        }
        seen.add(variable);
        names.add(name);
        return [{ name, variable }];
      }),
    );
  return { parameters: collect('_trainableWeights'), statistics: collect('_nonTrainableWeights') };
}

/** The states that stateful RNNs keep from one batch to the next. */
export function recurrentStates(models: readonly TrainedModel[]): RecurrentState[] {
  return layersOf(models).flatMap(({ key, layer }) =>
    carried(layer).map((tensor, index) => ({ name: `${prefix(key)}${layer.name}/state${index}`, tensor })),
  );
}

const carried = (layer: Layer): readonly Tensor[] =>
  (layer.stateful && (layer as unknown as LayerInternals).states_) || [];

/** Replaces the RNN states with copies of the tensors, in the order of {@link recurrentStates}. */
export function restoreRecurrentStates(models: readonly TrainedModel[], tensors: readonly Tensor[]): void {
  let at = 0;
  for (const { layer } of layersOf(models)) {
    const count = carried(layer).length;
    if (count === 0) continue;
    (layer as unknown as { resetStates(states: readonly Tensor[]): void }).resetStates(
      tensors.slice(at, at + count),
    );
    at += count;
  }
}

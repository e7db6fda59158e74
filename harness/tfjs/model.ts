/** What a `tf.LayersModel` holds: weights, statistics, states of RNNs, by names that are the same in each process. */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/**
 * A `tf.LayersModel`; or an object of several that are trained together, by name, with whatever else the loop needs.
 */
export type Models = object;

type Layer = layers.Layer;
type LayerVariable = Layer['weights'][number];

/** What TensorFlow.js keeps to itself of a layer and a model. */
interface LayerInternals {
  readonly _trainableWeights?: readonly LayerVariable[];
  readonly _nonTrainableWeights?: readonly LayerVariable[];
  readonly states_?: readonly Tensor[] | null;
}
export interface ModelInternals {
  /** The weights that the model was compiled with, in the order of the optimizer's slots. */
  readonly collectedTrainableWeights: readonly LayerVariable[];
  makeTrainFunction(): (data: Tensor[]) => Tensor[];
  makeTestFunction(): void;
  testFunction: (data: Tensor[]) => Tensor[];
  trainOnBatch: LayersModel['trainOnBatch'];
}

export interface TrainedModel {
  /** Empty for the only model. */
  readonly key: string;
  /** As the program knows it. */
  readonly outer: LayersModel;
  /**
   * What `fit` and its like really run on: a Sequential hands everything to a model inside, and makes a new one
   * whenever it is compiled.
   */
  readonly model: LayersModel;
  /** The same object. */
  readonly internals: ModelInternals;
}

export interface Weight {
  readonly name: string;
  readonly variable: Variable;
}

/** What layers and models leave trainable: a frozen layer's variables do not know that they are frozen. */
export const trainableOf = (models: readonly TrainedModel[]): ReadonlySet<Variable> =>
  new Set(models.flatMap(({ model }) => model.trainableWeights.map((weight) => weight.read() as Variable)));

export interface RecurrentState {
  readonly name: string;
  readonly tensor: Tensor;
}

const isModel = (value: unknown): value is LayersModel =>
  typeof (value as LayersModel | undefined)?.compile === 'function';

/** Those that are never compiled too: a part of another model, or one that the loop is still to compile. */
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

/** Every layer, those inside others too (models, RNN cells, wrappers), each once. */
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
 * Weights that are trained or could be (frozen ones), and those that never are: running statistics. A weight
 * that several layers or models share is there once, under its first name.
 * @throws {Error} when two weights have one name
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
          throw new Error(`two weights are named '${name}': give the layers names of their own`);
        }
        seen.add(variable);
        names.add(name);
        return [{ name, variable }];
      }),
    );
  return { parameters: collect('_trainableWeights'), statistics: collect('_nonTrainableWeights') };
}

/** What stateful RNNs carry from batch to batch. */
export function recurrentStates(models: readonly TrainedModel[]): RecurrentState[] {
  return layersOf(models).flatMap(({ key, layer }) =>
    carried(layer).map((tensor, index) => ({ name: `${prefix(key)}${layer.name}/state${index}`, tensor })),
  );
}

const carried = (layer: Layer): readonly Tensor[] =>
  (layer.stateful && (layer as unknown as LayerInternals).states_) || [];

/** Puts copies of the tensors, in the order of {@link recurrentStates}, in place of what is carried. */
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

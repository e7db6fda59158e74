/** The harness' own checkpoint for trainers of `tf.LayersModel`s and `tf.variable`s. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Checkpoint, CheckpointError, requireTensors } from '../checkpoint/checkpoint.ts';
import type { TensorMap } from '../checkpoint/safetensors.ts';
import { toTensor, toTensorMap } from '../training/tensors.ts';
import type { Batches, Recording } from './batches.ts';
import type { LoopRandom } from './math-random.ts';
import {
  prefix,
  recurrentStates,
  restoreRecurrentStates,
  type TrainedModel,
  type Weight,
  weightsOf,
} from './model.ts';
import {
  type OptimizerState,
  optimizerStateSchema,
  optimizersOf,
  restoreOptimizer,
  scalarKey,
  scalarsOf,
  slotKey,
  stateKey,
  statesOf,
  tensorsOf,
} from './optimizer.ts';

export async function toCheckpoint(
  models: readonly TrainedModel[],
  batches: Batches,
  random: LoopRandom,
): Promise<Checkpoint> {
  const { parameters, statistics } = weightsOf(models);
  const optimizers = optimizersOf(models, parameters);
  return {
    tensors: {
      model: await toTensorMap([...parameters, ...statistics].map(({ name, variable }) => [name, variable])),
      recurrent: await toTensorMap(recurrentStates(models).map(({ name, tensor }) => [name, tensor])),
      optimizer: await toTensorMap(tensorsOf(optimizers)),
      recording: encodeRecording(batches.recording),
    },
    state: {
      format: 1,
      step: batches.done,
      schedules: {},
      optimizers: statesOf(optimizers),
      random: random.states(),
      data: {},
    },
  };
}

/** Encodes the results of all train and test functions as one list of numbers, plus the length of each call. */
export function encodeRecording(recording: Recording): TensorMap {
  const values = Float32Array.from(recording.flat());
  const lengths = Int32Array.from(recording.map((call) => call.length));
  const bytes = (array: Float32Array | Int32Array) => new Uint8Array(array.buffer);
  return new Map([
    ['values', { dtype: 'F32', shape: [values.length], bytes: bytes(values) }],
    ['lengths', { dtype: 'I32', shape: [lengths.length], bytes: bytes(lengths) }],
  ]);
}

/** @throws CheckpointError when the recording is not valid */
export function recordingOf({ tensors }: Checkpoint, file: string): Recording {
  const found = tensors.recording;
  const expected = (['values', 'lengths'] as const).map((name) => ({
    name,
    dtype: name === 'values' ? ('F32' as const) : ('I32' as const),
    shape: [(found?.get(name)?.bytes.byteLength ?? 0) / 4],
  }));
  requireTensors(found, expected, `${file}: recording`);
  const copy = (name: string): ArrayBuffer => found!.get(name)!.bytes.slice().buffer as ArrayBuffer;
  const values = new Float32Array(copy('values'));
  const lengths = new Int32Array(copy('lengths'));
  if (lengths.some((length) => length < 1) || lengths.reduce((sum, one) => sum + one, 0) !== values.length) {
    throw refusal(file, `lengths that sum to ${values.length}`, 'recording', 'other lengths');
  }
  let at = 0;
  return Array.from(lengths, (length) => {
    at += length;
    return [...values.subarray(at - length, at)];
  });
}

/**
 * Restores the state that the replay of the loop does not: weights, RNN states, optimizers and the layers' random stream.
 * @throws CheckpointError when the checkpoint does not fit the models
 */
export function restore(
  checkpoint: Checkpoint,
  models: readonly TrainedModel[],
  random: LoopRandom,
  file: string,
): void {
  const { parameters } = weightsOf(models);
  const optimizers = optimizersOf(models, parameters).map((trained) => ({
    trained,
    state: stateOf(checkpoint, trained.key, trained.optimizer.getClassName(), file),
  }));
  const recurrent = recurrentStates(models);
  requireTensors(checkpoint.tensors.recurrent, recurrent.map(described), `${file}: recurrent`);
  const expectedSlots = optimizers.flatMap(({ trained, state }) => {
    const slots = Object.keys(state.slots).flatMap((property) =>
      trained.weights
        .map(({ name, variable }) => ({ name: slotKey(trained.key, name, property), tensor: variable }))
        .filter(({ name }) => checkpoint.tensors.optimizer?.has(name)),
    );
    const scalars = scalarsOf(trained).map(([property, tensor]) => ({
      name: scalarKey(trained.key, property),
      tensor,
    }));
    return [...slots, ...scalars];
  });
  requireTensors(checkpoint.tensors.optimizer, expectedSlots.map(described), `${file}: optimizer`);

  restoreWeights(checkpoint, models, file);
  const states = recurrent.map(({ name }) => toTensor(checkpoint.tensors.recurrent!.get(name)!));
  restoreRecurrentStates(models, states);
  for (const { trained, state } of optimizers) {
    const own = expectedSlots.filter(({ name }) => name.startsWith(prefix(trained.key)));
    const tensors = own.map(
      ({ name }) => [name, toTensor(checkpoint.tensors.optimizer!.get(name)!)] as const,
    );
    restoreOptimizer(trained, state, new Map(tensors));
  }
  const layers = checkpoint.state.random.layers;
  if (layers === undefined) throw refusal(file, 'the state of the layers’ random stream', 'random', 'none');
  random.restore('layers', layers);
}

/** Restores only the weights and running statistics. @throws CheckpointError before it changes anything */
export function restoreWeights({ tensors }: Checkpoint, models: readonly TrainedModel[], file: string): void {
  const { parameters, statistics } = weightsOf(models);
  assignWeights([...parameters, ...statistics], tensors.model, `${file}: model`);
}

/**
 * Assigns a tensor to each weight.
 * @throws CheckpointError before it changes anything, when a tensor is missing or, by default, not expected
 */
export function assignWeights(
  weights: readonly Weight[],
  tensors: TensorMap | undefined,
  where: string,
  options: { allowExtra?: boolean } = {},
): void {
  const expected = weights.map(({ name, variable }) => described({ name, tensor: variable }));
  requireTensors(tensors, expected, where, options);
  for (const { name, variable } of weights) {
    const tensor = toTensor(tensors!.get(name)!);
    variable.assign(tensor);
    tensor.dispose();
  }
}

export const described = ({ name, tensor }: { name: string; tensor: Tensor }) => ({
  name,
  shape: tensor.shape,
  dtype: tensor.dtype === 'int32' ? ('I32' as const) : ('F32' as const),
});

export function stateOf({ state }: Checkpoint, key: string, name: string, file: string): OptimizerState {
  const field = stateKey(key);
  const parsed = optimizerStateSchema.safeParse(state.optimizers[field]);
  if (!parsed.success) {
    const seen = state.optimizers[field] === undefined ? 'none' : z.prettifyError(parsed.error);
    throw refusal(file, 'the state of an optimizer', field, seen);
  }
  if (parsed.data.name !== name) throw refusal(file, name, field, parsed.data.name);
  return parsed.data;
}

function refusal(file: string, expected: string, of: string, received: string): CheckpointError {
  const fix = 'resume with the models and optimizers that wrote the checkpoint; nothing was restored';
  return new CheckpointError({ code: 'bad-state', file, expected, of, received, fix });
}

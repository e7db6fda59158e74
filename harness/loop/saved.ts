/** Captures a training loop as a checkpoint, and checks a checkpoint against the loop that loads it. */
import path from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import {
  type Checkpoint,
  CheckpointError,
  type ExpectedTensor,
  requireTensors,
} from '../checkpoint/checkpoint.ts';
import type { OptimizerState, Parameter } from '../training/optimizer.ts';
import { RandomStream } from '../training/random-stream.ts';
import { toTensorMap } from '../training/tensors.ts';
import type { LoaderState } from './loader.ts';
import type { Driven, Parts } from './parts.ts';
import { bfloat16 } from './rounding.ts';
import type { Saved } from './snapshots.ts';

/** Gradients that are accumulated and not yet applied, by parameter name. */
export const accumulated = ({ parameters, gradients }: Parts): Map<string, Tensor> =>
  new Map(
    parameters.flatMap(({ name, variable }) => {
      const gradient = gradients.of(variable);
      return gradient === undefined ? [] : [[name, gradient]];
    }),
  );

const named = (parameters: readonly Parameter[]) =>
  parameters.map(({ name, variable }): [string, Tensor] => [name, variable]);

export async function capture(parts: Parts): Promise<Checkpoint> {
  const { recipe, views, registered, ema, scaler, random, loader, step, updates, buffers } = parts;
  const { saves = () => true, stores = 'float32' } = recipe;
  const model = await toTensorMap(named(views.save().filter(({ name }) => saves(name))));
  const slots = registered.flatMap(({ optimizer }) =>
    optimizer
      .slots()
      .map(({ slot, parameter, tensor }): [string, Tensor] => [`${parameter}.${slot}`, tensor]),
  );
  const by = <T>(of: (driven: Driven) => T): Record<string, T> =>
    Object.fromEntries(registered.map((driven) => [driven.name, of(driven)]));
  return {
    tensors: {
      model: stores === 'bfloat16' ? bfloat16(model) : model,
      optimizer: await toTensorMap(slots),
      ...(ema === undefined ? {} : { ema: await toTensorMap(ema.tensors) }),
      gradients: await toTensorMap(accumulated(parts)),
      ...(buffers.size === 0 ? {} : { buffers: await toTensorMap(buffers) }),
    },
    state: {
      format: 1,
      step,
      schedules: by(({ schedule }) => ({ ...schedule.state() })),
      optimizers: by(({ optimizer }) => plain(optimizer.state())),
      random: Object.fromEntries([...random].map(([name, stream]) => [name, stream.state()])),
      data: plainLoader(loader.state),
      ...(scaler === undefined ? {} : { lossScale: scaler.state.scale }),
      extra: {
        updates,
        emaUpdates: ema?.updates ?? 0,
        ...(scaler === undefined ? {} : { lossScaleGrowth: scaler.state.growth }),
      },
    },
  };
}

/** Mutable copies, for the types of a checkpoint. */
const plain = ({ groups, steps }: OptimizerState) => ({
  groups: groups.map((group) => ({ ...group, parameters: [...group.parameters] })),
  steps: { ...steps },
});
const plainLoader = ({ buffer, ...state }: LoaderState) =>
  buffer === undefined ? { ...state } : { ...state, buffer: [...buffer] };

function isRandomState(text: string): boolean {
  try {
    RandomStream.fromSeed(0).restore(text);
    return true;
  } catch {
    return false;
  }
}

const count = z.int().nonnegative();
const generator = z.string().refine(isRandomState, 'expected the state of a random stream');
const contents = z.object({
  step: count,
  optimizers: z.record(
    z.string(),
    z.object({
      groups: z.array(
        z.object({
          name: z.string(),
          parameters: z.array(z.string()),
          learningRate: z.number(),
          weightDecay: z.number(),
        }),
      ),
      steps: z.record(z.string(), count),
    }),
  ),
  schedules: z.record(z.string(), z.object({ lastEpoch: count, baseLearningRates: z.array(z.number()) })),
  random: z.record(z.string(), generator),
  data: z.object({
    epoch: count,
    position: count,
    buffer: z.array(count).optional(),
    random: generator.optional(),
  }),
  lossScale: z.number().positive().optional(),
  extra: z.object({ updates: count, emaUpdates: count, lossScaleGrowth: count.optional() }),
});

/**
 * Checks everything that will be restored against the loop. Changes nothing.
 * @throws CheckpointError `missing-tensor`, `wrong-shape`, `wrong-dtype`, `extra-tensor` or `bad-state`
 */
export function check({ tensors, state }: Checkpoint, directory: string, parts: Parts): Saved {
  const { recipe, parameters, registered, random, ema, scaler, buffers, loader } = parts;
  const { saves = () => true } = recipe;
  const at = (stem: string): string => path.join(directory, `${stem}.safetensors`);
  const expected = ([name, { shape }]: [string, Tensor]): ExpectedTensor => ({ name, shape, dtype: 'F32' });
  const all = named(parameters).map(expected);
  const kept = all.filter(({ name }) => saves(name));
  requireTensors(tensors.model, kept, at('model'));
  if (ema !== undefined) requireTensors(tensors.ema, [...ema.tensors].map(expected), at('ema'));
  if (buffers.size > 0) requireTensors(tensors.buffers, [...buffers].map(expected), at('buffers'));
  requireTensors(tensors.optimizer, [], at('optimizer'), { allowExtra: true });
  const begun = all.filter(({ name }) => tensors.gradients?.has(name));
  requireTensors(tensors.gradients, begun, at('gradients'));
  const shapes = new Map(all.map(({ name, shape }) => [name, shape]));
  const strangeSlot = [...tensors.optimizer!.keys()].find((key) => !shapes.has(ownerOf(key)));
  if (strangeSlot !== undefined) {
    throw refused(at('optimizer'), 'slots of the model’s parameters', `slot '${strangeSlot}'`);
  }
  const file = path.join(directory, 'state.json');
  const parsed = contents.safeParse(state);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(file, 'the state of a training loop', `${issue!.path.join('.')}: ${issue!.message}`);
  }
  const { optimizers, schedules, data, step, extra, lossScale } = parsed.data;
  const strange = Object.values(optimizers)
    .flatMap(({ groups }) => groups.flatMap(({ parameters }) => parameters))
    .find((name) => !shapes.has(name));
  if (strange !== undefined) throw refused(file, 'parameters of the model', `'${strange}'`);
  const required = (of: Readonly<Record<string, unknown>>, kind: string, names: Iterable<string>): void => {
    for (const name of names) {
      if (!Object.hasOwn(of, name)) {
        throw refused(file, `the ${kind} '${name}'`, Object.keys(of).join(', ') || 'none');
      }
    }
  };
  const names = registered.map(({ name }) => name);
  required(optimizers, 'optimizer', names);
  required(schedules, 'schedule', names);
  required(parsed.data.random, 'random generator', random.keys());
  const ranks = registered.find(
    ({ name, schedule }) =>
      schedules[name]!.baseLearningRates.length !== schedule.state().baseLearningRates.length,
  );
  if (ranks !== undefined) {
    const { length } = ranks.schedule.state().baseLearningRates;
    const received = schedules[ranks.name]!.baseLearningRates.length;
    throw refused(file, `${length} base learning rates of the schedule '${ranks.name}'`, `${received}`);
  }
  if (scaler !== undefined && lossScale === undefined) throw refused(file, 'a loss scale', 'none');
  try {
    // Restore the cursor as a trial, because only the loader can check it. Then undo that.
    const before = loader.state;
    loader.restore(data as LoaderState);
    loader.restore(before);
  } catch (cause) {
    throw refused(file, 'a data cursor that fits the data', (cause as Error).message);
  }
  return {
    tensors: {
      model: tensors.model!,
      optimizer: tensors.optimizer!,
      ema: tensors.ema ?? new Map(),
      gradients: tensors.gradients!,
      buffers: tensors.buffers ?? new Map(),
    },
    step,
    updates: extra.updates,
    emaUpdates: extra.emaUpdates,
    optimizers,
    schedules,
    random: parsed.data.random,
    data: data as LoaderState,
    scaler: lossScale === undefined ? undefined : { scale: lossScale, growth: extra.lossScaleGrowth ?? 0 },
  };
}

/** The parameter in `parameter.slot`. */
export const ownerOf = (key: string): string => key.slice(0, key.lastIndexOf('.'));

function refused(file: string, expected: string, received: string): CheckpointError {
  const fix = 'resume with the trainer that wrote the checkpoint; nothing was restored';
  return new CheckpointError({ code: 'bad-state', file, expected, of: 'the checkpoint', received, fix });
}

/** A fine-tuning run as a checkpoint, and a checkpoint checked against the run that wants it. */
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { type Checkpoint, CheckpointError, requireTensors } from '../../harness/checkpoint/checkpoint.ts';
import type { WeightAverage } from '../../harness/training/average.ts';
import type { Optimizer, OptimizerState, Parameter } from '../../harness/training/optimizer.ts';
import { RandomStream } from '../../harness/training/random.ts';
import type { ScheduleState } from '../../harness/training/schedule.ts';
import { toTensor, toTensorMap } from '../../harness/training/tensors.ts';
import type { Prepared } from './fine-tune.ts';
import type { Cursor } from './loader.ts';
import type { ImageModel } from './model.ts';

export interface Live {
  readonly parameters: readonly Parameter[];
  readonly prepared: readonly Prepared[];
  readonly average: WeightAverage;
  readonly gradients: ReadonlyMap<string, tf.Tensor>;
  readonly noise: string;
  readonly cursor: Cursor;
  readonly step: number;
}

export async function toCheckpoint(live: Live): Promise<Checkpoint> {
  const slots = live.prepared.flatMap(({ optimizer }) =>
    optimizer
      .slots()
      .map(({ slot, parameter, tensor }): [string, tf.Tensor] => [`${parameter}.${slot}`, tensor]),
  );
  const byName = <T>(of: (prepared: Prepared) => T): Record<string, T> =>
    Object.fromEntries(live.prepared.map((prepared) => [prepared.name, of(prepared)]));
  return {
    tensors: {
      model: await toTensorMap(live.parameters.map(({ name, variable }) => [name, variable])),
      optimizer: await toTensorMap(slots),
      ema: await toTensorMap(live.average.tensors),
      gradients: await toTensorMap(live.gradients),
    },
    state: {
      format: 1,
      step: live.step,
      schedules: byName(({ schedule }) => ({ ...schedule.state() })),
      optimizers: byName(({ optimizer }) => plain(optimizer.state())),
      random: { noise: live.noise },
      data: { ...live.cursor },
      extra: { emaUpdates: live.average.updates },
    },
  };
}

/** What JSON keeps of it, without the readonly types. */
const plain = ({ groups, steps }: OptimizerState) => ({
  groups: groups.map((group) => ({ ...group, parameters: [...group.parameters] })),
  steps: { ...steps },
});

/** A checked checkpoint. */
export interface Saved {
  /** Makes the tensors of a file anew; they belong to the caller. */
  tensors(stem: 'model' | 'ema' | 'gradients'): Map<string, tf.Tensor>;
  slotsOf(optimizer: Optimizer): Map<string, tf.Tensor>;
  optimizer(name: string): OptimizerState;
  schedule(name: string): ScheduleState;
  readonly averageUpdates: number;
  readonly noise: string;
  readonly cursor: Cursor;
  readonly step: number;
}

function isRandomState(text: string): boolean {
  try {
    RandomStream.fromSeed(0).restore(text);
    return true;
  } catch {
    return false;
  }
}

const count = z.int().nonnegative();
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
  schedules: z.record(z.string(), z.object({ lastEpoch: count, baseRates: z.array(z.number()) })),
  random: z.object({ noise: z.string().refine(isRandomState, 'the state of a random stream') }),
  data: z.object({ epoch: count, position: count }),
  extra: z.object({ emaUpdates: count }),
});

/**
 * Checks everything that will be restored against the model before any of it is used.
 * @throws CheckpointError `missing-tensor`, `wrong-shape`, `wrong-dtype`, `extra-tensor`, `bad-state` …
 */
export function readCheckpoint(checkpoint: Checkpoint, directory: string, model: ImageModel): Saved {
  const { tensors } = checkpoint;
  const at = (stem: string): string => path.join(directory, `${stem}.safetensors`);
  const expected = [...model.shapes].map(([name, shape]) => ({ name, shape, dtype: 'F32' as const }));
  requireTensors(tensors.model, expected, at('model'));
  requireTensors(tensors.ema, expected, at('ema'));
  requireTensors(tensors.optimizer, [], at('optimizer'), { allowExtra: true });
  const started = expected.filter(({ name }) => tensors.gradients?.has(name));
  requireTensors(tensors.gradients, started, at('gradients'));
  const slots = tensors.optimizer!;
  for (const key of slots.keys()) {
    if (model.shapes.has(ownerOf(key))) continue;
    throw refused(at('optimizer'), 'slots of the model’s parameters', `slot '${key}'`);
  }
  const state = contents.safeParse(checkpoint.state);
  if (!state.success) {
    const [issue] = state.error.issues;
    throw refused(path.join(directory, 'state.json'), issue!.message, issue!.path.join('.'));
  }
  const { optimizers, schedules, random, data, step, extra } = state.data;
  const strange = Object.values(optimizers)
    .flatMap(({ groups }) => groups.flatMap(({ parameters }) => parameters))
    .find((name) => !model.shapes.has(name));
  if (strange !== undefined) {
    throw refused(path.join(directory, 'state.json'), 'parameters of the model', `'${strange}'`);
  }
  const named = <T>(from: Readonly<Record<string, T>>, kind: string, name: string): T => {
    const found = from[name];
    if (found !== undefined) return found;
    throw refused(
      path.join(directory, 'state.json'),
      `the ${kind} '${name}'`,
      Object.keys(from).join(', ') || 'none',
    );
  };
  const made = (stem: string, keep: (name: string) => boolean) =>
    new Map(
      [...tensors[stem]!].filter(([name]) => keep(name)).map(([name, tensor]) => [name, toTensor(tensor)]),
    );
  return {
    tensors: (stem) => made(stem, () => true),
    slotsOf(optimizer) {
      const own = new Set(optimizer.parameters.map(({ name }) => name));
      return made('optimizer', (key) => own.has(ownerOf(key)));
    },
    optimizer: (name) => named(optimizers, 'optimizer', name),
    schedule: (name) => named(schedules, 'schedule', name),
    averageUpdates: extra.emaUpdates,
    noise: random.noise,
    cursor: data,
    step,
  };
}

/** The parameter in `parameter.slot`. */
const ownerOf = (key: string): string => key.slice(0, key.lastIndexOf('.'));

function refused(file: string, expected: string, received: string): CheckpointError {
  const remedy = 'resume with the trainer that wrote the checkpoint; nothing was restored';
  return new CheckpointError({ code: 'bad-state', file, expected, of: 'the checkpoint', received, remedy });
}

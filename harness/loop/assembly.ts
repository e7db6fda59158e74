/** The stages that build and resume a training loop, in the correct order: hooks are registered last. */
import * as tf from '@tensorflow/tfjs-core';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import type { Deviation } from '../trace/schema.ts';
import { Ema } from '../training/ema.ts';
import { fuseBackwardPass, fuseOptimizerGroups, splitIntoGroups } from '../training/fused.ts';
import { Optimizer, type Parameter, type ParameterGroup } from '../training/optimizer.ts';
import { RandomStream } from '../training/random-stream.ts';
import { Schedule } from '../training/schedule.ts';
import { toTensor } from '../training/tensors.ts';
import { Loader } from './loader.ts';
import { type Driven, owners, type Parts } from './parts.ts';
import { averaged, RESTART, startOf } from './restart.ts';
import { check, ownerOf } from './saved.ts';
import { LossScaler } from './scaler.ts';
import type { Saved } from './snapshots.ts';
import type { Stage } from './stages.ts';

const building: readonly Stage[] = [
  {
    name: 'model',
    run(parts) {
      const { model } = parts.recipe;
      const made = new Map<string, tf.Variable>();
      parts.parameters = [...model.shapes].map(([name, shape]) => {
        const tied = made.get(model.ties?.get(name) ?? '');
        const variable = tied ?? tf.variable(tf.tensor(model.initialise(name, shape), [...shape]));
        made.set(name, variable);
        return { name, variable };
      });
      freeze(parts);
      parts.buffers = new Map(
        [...(model.buffers ?? [])].map(([name, values]) => [name, tf.variable(tf.tensor1d(values), false)]),
      );
    },
  },
  {
    name: 'random',
    run(parts) {
      const { recipe, context } = parts;
      parts.random = new Map(
        (recipe.random ?? []).map((name, at) => [name, RandomStream.fromSeed(context.seed + 1 + at)]),
      );
    },
  },
  {
    name: 'data',
    run(parts) {
      const { model, shuffle = 'epoch' } = parts.recipe;
      parts.loader = new Loader({ size: model.examples.size, seed: parts.context.seed, shuffle });
    },
  },
  { name: 'optimizers', run: buildOptimizers },
  {
    name: 'ema',
    run(parts) {
      const { ema } = parts.recipe;
      if (ema === undefined) return;
      parts.ema = new Ema(averaged(parts.parameters), ema);
    },
  },
  {
    name: 'scaler',
    run(parts) {
      const { lossScale } = parts.recipe;
      if (lossScale === undefined) return;
      parts.scaler = new LossScaler(lossScale.initial, lossScale.growthInterval);
    },
  },
];

/** Sets the trainable flags of all parameters, including variables that a restore has created. */
function freeze({ recipe, parameters }: Parts): void {
  for (const { name, variable } of parameters) variable.trainable = !(recipe.model.frozen?.(name) ?? false);
}

/** Builds optimizers on the current parameters, each with its schedule. */
export function buildOptimizers(parts: Parts): void {
  const { optimizers, fused, fusedGroups = 4 } = parts.recipe;
  const own = owners(parts.parameters);
  parts.driven = optimizers.flatMap(({ name, groups, update, schedule }) => {
    const whole = groups.map(({ name, owns, learningRate, weightDecay = 0 }): ParameterGroup => {
      const parameters = own.filter((parameter) => owns(parameter.name));
      return { name, parameters, learningRate, weightDecay };
    });
    const drive = (name: string, groups: readonly ParameterGroup[]): Driven => {
      const optimizer = new Optimizer(groups, update);
      return { name, optimizer, schedule: new Schedule(optimizer, schedule) };
    };
    if (fused !== 'optimizer-groups') return [drive(name, whole)];
    return splitIntoGroups(whole, fusedGroups).map((group) => drive(group.name, [group]));
  });
}

/** Registers all optimizers for saving and restoring. */
const register: Stage = {
  name: 'register',
  run(parts) {
    parts.registered = parts.driven;
  },
};

/** Reads and checks the whole checkpoint before anything changes. */
const load: Stage = {
  name: 'load',
  async run(parts) {
    parts.start = startOf(parts);
    const { checkpoint } = parts.context;
    if (checkpoint === undefined) return;
    parts.saved = check(await loadCheckpoint(checkpoint), checkpoint, parts);
  },
};

/**
 * A stage of the resume. It restores one kind of state, or resets it if the recipe forgets it. It does nothing in a run
 * that starts, or in a cold start.
 */
const restoring = (name: string, kind: Deviation, restore: (parts: Parts, saved: Saved) => void): Stage => ({
  name: `restore ${name}`,
  run(parts) {
    const { saved, context, recipe } = parts;
    if (saved === undefined || context.weightsOnly) return;
    if (recipe.forgets?.some((forgotten) => forgotten === kind)) return RESTART[kind](parts);
    restore(parts, saved);
  },
});

/** A cold start also restores weights and buffers, and resets the EMA. */
const restores: readonly Stage[] = [
  {
    name: 'restore weights',
    run(parts) {
      if (parts.saved !== undefined) restoreWeights(parts, parts.saved);
    },
  },
  {
    name: 'freeze',
    run: freeze,
  },
  {
    name: 'restore buffers',
    run(parts) {
      const { saved, buffers, recipe } = parts;
      if (saved === undefined) return;
      if (recipe.forgets?.includes('buffers')) return RESTART.buffers(parts);
      for (const [name, buffer] of buffers) {
        tf.tidy(() => buffer.assign(toTensor(saved.tensors.buffers.get(name)!)));
      }
    },
  },
  restoring('optimizers', 'slots', ({ registered, parameters }, saved) => {
    for (const { name, optimizer } of registered) restoreOptimizer(name, optimizer, parameters, saved);
  }),
  restoring('schedules', 'schedule', ({ registered }, { schedules }) => {
    for (const { name, schedule } of registered) schedule.restore(schedules[name]!);
  }),
  {
    name: 'restore EMA',
    run(parts) {
      const { ema, saved, context, recipe } = parts;
      if (ema === undefined || saved === undefined) return;
      // A cold start restarts the EMA from the loaded weights.
      if (context.weightsOnly || recipe.forgets?.includes('ema')) return RESTART.ema(parts);
      const { tensors, emaUpdates } = saved;
      const restored = [...tensors.ema].map(([name, data]) => [name, toTensor(data)] as const);
      ema.restore(new Map(restored), emaUpdates);
    },
  },
  restoring('scaler', 'loss-scale', ({ scaler }, saved) => {
    if (saved.scaler !== undefined) scaler?.restore(saved.scaler);
  }),
  restoring('gradients', 'gradients', ({ gradients, parameters }, { tensors }) => {
    for (const { name, variable } of owners(parameters)) {
      const gradient = tensors.gradients.get(name);
      if (gradient !== undefined) gradients.restore(variable, toTensor(gradient));
    }
  }),
  restoring('random', 'random', ({ random }, saved) => {
    for (const [name, stream] of random) stream.restore(saved.random[name]!);
  }),
  restoring('data', 'data-order', ({ loader }, { data }) => loader.restore(data)),
  restoring('counters', 'step-count', (parts, { step, updates }) => {
    Object.assign(parts, { step, updates });
  }),
];

function restoreWeights(parts: Parts, { tensors }: Saved): void {
  if (parts.recipe.replaceVariables && !parts.context.weightsOnly) {
    replaceVariables(parts);
  }
  for (const { name, variable } of parts.parameters) {
    const data = tensors.model.get(name);
    if (data !== undefined) tf.tidy(() => variable.assign(toTensor(data)));
  }
}

/** Replaces the variables with new ones that have the same values. Tied names stay tied. */
export function replaceVariables(parts: Parts): void {
  const replacements = new Map(
    owners(parts.parameters).map(({ variable }) => [variable, tf.variable(tf.tidy(() => variable.clone()))]),
  );
  parts.parameters = parts.parameters.map(({ name, variable }) => ({
    name,
    variable: replacements.get(variable)!,
  }));
}

/** Restores the slots and groups of one optimizer, for the variables of these parameters. */
export function restoreOptimizer(
  name: string,
  optimizer: Optimizer,
  parameters: readonly Parameter[],
  { optimizers, tensors }: Saved,
): void {
  const own = new Set(optimizer.parameters.map((parameter) => parameter.name));
  const slots = [...tensors.optimizer].filter(([key]) => own.has(ownerOf(key)));
  const made = new Map(slots.map(([key, data]) => [key, toTensor(data)]));
  optimizer.loadState(optimizers[name]!, made, owners(parameters));
}

/** Registers the gradient hooks, which capture the current variables and parameter groups. */
export const hooks: Stage = {
  name: 'hooks',
  run(parts) {
    const { recipe, gradients, driven } = parts;
    const options = { maxGradNorm: recipe.maxGradNorm ?? 0 };
    if (recipe.fused === 'backward-pass') {
      for (const { optimizer } of driven) {
        parts.unregister.push(fuseBackwardPass(gradients, optimizer, options));
      }
    }
    if (recipe.fused === 'optimizer-groups') {
      const optimizers = driven.map(({ optimizer }) => optimizer);
      parts.fusedGroups = fuseOptimizerGroups(gradients, optimizers, options);
      parts.unregister.push(parts.fusedGroups.unregister);
    }
  },
};

export const ASSEMBLY: readonly Stage[] = [...building, register, load, ...restores, hooks];

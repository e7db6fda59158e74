/** The live parts of a training loop. */
import type { Variable } from '@tensorflow/tfjs-core';
import type { Ema } from '../training/ema.ts';
import type { FusedGroups, Unregister } from '../training/fused.ts';
import type { Gradients } from '../training/gradients.ts';
import type { Optimizer, Parameter } from '../training/optimizer.ts';
import type { RandomStream } from '../training/random-stream.ts';
import type { Schedule } from '../training/schedule.ts';
import type { TrainerContext } from '../training/trainer.ts';
import type { Loader } from './loader.ts';
import type { Recipe } from './recipe.ts';
import type { LossScaler } from './scaler.ts';
import type { Saved, Start } from './snapshots.ts';

/** An optimizer and the schedule that sets its learning rates. */
export interface Driven {
  /** The optimizer's name in a checkpoint. */
  readonly name: string;
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** The schedule of the optimizer's learning rates. */
  readonly schedule: Schedule;
}

/**
 * The live parts of a training loop. Stages build, restore and use them; a fault replaces or corrupts them.
 */
export interface Parts {
  /** The context that the harness passed. */
  readonly context: TrainerContext;
  /** The recipe that the loop is built from. */
  recipe: Recipe;
  /** Accumulated gradients and their hooks. */
  readonly gradients: Gradients;
  /** The parameters. Each name appears once, and tied names share a variable. */
  parameters: readonly Parameter[];
  /** State outside the parameters, such as running statistics, by name. */
  buffers: ReadonlyMap<string, Variable>;
  /** The optimizers and schedules that step. */
  driven: readonly Driven[];
  /** The optimizers and schedules that a checkpoint saves and restores, like those passed to accelerate's `prepare`. */
  registered: readonly Driven[];
  /** The random generators, by name. */
  random: ReadonlyMap<string, RandomStream>;
  /** The data loader, which selects the next examples. */
  loader: Loader;
  /** The EMA of the weights, if the recipe has one. */
  ema: Ema | undefined;
  /** The dynamic loss scale, if the recipe has one. */
  scaler: LossScaler | undefined;
  /** The parameters that the loss reads, the EMA follows, a checkpoint saves, and samples are drawn with. */
  views: Record<'loss' | 'ema' | 'save' | 'sample', () => readonly Parameter[]>;
  /** The buffers that samples are drawn with. */
  sampledBuffers: () => ReadonlyMap<string, Variable>;
  /** The hooks of fused optimizer groups, if the recipe has them. */
  fusedGroups: FusedGroups | undefined;
  /** Removes the registered gradient hooks. */
  unregister: Unregister[];
  /** The initial state of the run, before anything is restored. */
  start: Start | undefined;
  /** The contents of the checkpoint, until everything is restored. */
  saved: Saved | undefined;
  /** False in evaluation mode. */
  training: boolean;
  /** Micro-batches per update. */
  accumulate: number;
  /** Micro-batches done. */
  step: number;
  /** Updates done. */
  updates: number;
}

/** Returns a function that finds a variable by name. @throws {Error} in that function, for an unknown name */
export function byName(parameters: readonly Parameter[]): (name: string) => Variable {
  const variables = new Map(parameters.map(({ name, variable }) => [name, variable]));
  return (name) => {
    const variable = variables.get(name);
    if (variable === undefined) {
      throw new Error(`the model has no parameter '${name}': read only names that its shapes list`);
    }
    return variable;
  };
}

/** Each variable once, under its first name. */
export function owners(parameters: readonly Parameter[]): Parameter[] {
  const seen = new Set<Variable>();
  return parameters.filter(({ variable }) => !seen.has(variable) && seen.add(variable));
}

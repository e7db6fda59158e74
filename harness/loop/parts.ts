/** The live parts of a training loop. Stages build, restore and use them; a fault exchanges or spoils them. */
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

/** An optimizer and the schedule that drives it. */
export interface Driven {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
}

export interface Parts {
  readonly context: TrainerContext;
  recipe: Recipe;
  readonly gradients: Gradients;
  /** Each name once; names that are tied share a variable. */
  parameters: readonly Parameter[];
  buffers: ReadonlyMap<string, Variable>;
  /** What steps. */
  driven: readonly Driven[];
  /** What a checkpoint saves and restores: accelerate's `prepare`. */
  registered: readonly Driven[];
  random: ReadonlyMap<string, RandomStream>;
  loader: Loader;
  ema: Ema | undefined;
  scaler: LossScaler | undefined;
  /** Whose parameters the loss reads, the EMA follows, a checkpoint keeps and images are made of. */
  views: Record<'loss' | 'ema' | 'save' | 'sample', () => readonly Parameter[]>;
  /** Whose running statistics images are made with. */
  sampledBuffers: () => ReadonlyMap<string, Variable>;
  fusedGroups: FusedGroups | undefined;
  unregister: Unregister[];
  /** What the run began with, before anything was restored. */
  start: Start | undefined;
  /** What was read from the checkpoint, until it is restored. */
  saved: Saved | undefined;
  training: boolean;
  /** Micro-batches of an update. */
  accumulate: number;
  /** Micro-batches that were trained, and updates that were made. */
  step: number;
  updates: number;
}

/** The variable that a name stands for. */
export function byName(parameters: readonly Parameter[]): (name: string) => Variable {
  const variables = new Map(parameters.map(({ name, variable }) => [name, variable]));
  return (name) => {
    const variable = variables.get(name);
    if (variable === undefined) throw new Error(`the model has no parameter '${name}'`);
    return variable;
  };
}

/** Each variable once, by its first name. */
export function owners(parameters: readonly Parameter[]): Parameter[] {
  const seen = new Set<Variable>();
  return parameters.filter(({ variable }) => !seen.has(variable) && seen.add(variable));
}

/** What a training loop is made of: a model with its data, and how it is trained. Data in; nothing is built yet. */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Deviation } from '../trace/schema.ts';
import type { UpdateRule } from '../training/optimizer.ts';
import type { RandomStream } from '../training/random-stream.ts';
import type { SampledImage } from '../training/trainer.ts';

/** What a loss is computed from. */
export interface Pass {
  /** A parameter's value by name; recorded for its gradient. */
  readonly read: (name: string) => Tensor;
  /** State outside the parameters, by name; the loss may assign it. */
  readonly buffer: (name: string) => Variable;
  /** Positions in the data of the micro-batch's examples. */
  readonly examples: readonly number[];
  /** By name, as in {@link Recipe.random}. */
  readonly random: (name: string) => RandomStream;
  /** False in evaluation mode: no dropout, and running statistics stand still. */
  readonly training: boolean;
  /** The name of the phase, as in {@link Recipe.phases}. */
  readonly phase: string;
}

/** A model with its data and its loss. Nothing is allocated yet. */
export interface Model {
  /** Shapes of the parameters by dotted name, in order. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Initial values of a parameter, row-major; as many as the product of `shape`. */
  readonly initialise: (name: string, shape: readonly number[]) => Float32Array;
  /** Names that are another parameter under a second name, mapped to that parameter's name. */
  readonly ties?: ReadonlyMap<string, string>;
  /** Names that are not trained. */
  readonly frozen?: (name: string) => boolean;
  /** State outside the parameters, such as running statistics: initial values by name, each a vector. */
  readonly buffers?: ReadonlyMap<string, Float32Array>;
  /** How many examples the data has, and what they are called. */
  readonly examples: { readonly size: number; readonly id: (example: number) => string };
  /** The mean loss of a micro-batch, float32. Called once a backward pass, in which it may write buffers. */
  readonly loss: (pass: Pass) => Scalar;
  /** Fixed images of what is trained, from these weights or their EMA. */
  readonly sample?: (
    read: (name: string) => Tensor,
    buffer: (name: string) => Tensor,
    of: 'weights' | 'ema',
  ) => Promise<readonly SampledImage[]>;
}

/** A parameter group: which parameters it owns and how they are updated. */
export interface GroupRecipe {
  /** The group's name in logs and checkpoints. */
  readonly name: string;
  /** Whether the group owns the parameter of this name. */
  readonly owns: (parameter: string) => boolean;
  /** The base learning rate, which the schedule multiplies. */
  readonly learningRate: number;
  /** Default 0. */
  readonly weightDecay?: number;
}

/** One optimizer and the schedule that sets the learning rates of its groups. */
export interface OptimizerRecipe {
  /** The optimizer's name in a checkpoint. */
  readonly name: string;
  /** The parameter groups; each parameter has one owner. */
  readonly groups: readonly GroupRecipe[];
  /** How one parameter is updated, such as {@link adamW}. */
  readonly update: UpdateRule;
  /** Factor of the base learning rates after this many updates. */
  readonly schedule: (updates: number) => number;
}

/**
 * What a training loop is made of: a model with its data, and how it is trained. Plain data; nothing is built yet.
 */
export interface Recipe {
  /** The model with its data and its loss. */
  readonly model: Model;
  /** The optimizers with their schedules, in the order in which they step. */
  readonly optimizers: readonly OptimizerRecipe[];
  /** Losses that are trained in turn in each step, each with the parameters that it trains; one for all by default. */
  readonly phases?: readonly { readonly name: string; readonly trains: (parameter: string) => boolean }[];
  /** Where the update happens; in gradient hooks if fused. Default 'none'. */
  readonly fused?: 'none' | 'backward-pass' | 'optimizer-groups';
  /** About how many groups the only optimizer is split into with 'optimizer-groups', each with an optimizer of its own. Default 4. */
  readonly fusedGroups?: number;
  /** Micro-batches per update; more than 1 only without fusing and phases. Default 1. */
  readonly accumulate?: number;
  /** Examples per micro-batch. */
  readonly batch: number;
  /**
   * How examples are shuffled: not at all, in each epoch, or through a buffer that is refilled. Default 'epoch'.
   */
  readonly shuffle?: 'none' | 'epoch' | { readonly buffer: number };
  /** Largest L2 norm of a parameter's gradient; no clipping by default. */
  readonly maxGradNorm?: number | undefined;
  /** Decay of the EMA of the weights; no EMA by default. */
  readonly ema?: number | undefined;
  /** Dynamic loss scaling, as for half precision, only without fusing and phases; none by default. */
  readonly lossScale?: { readonly initial: number; readonly growthInterval: number };
  /** Names of the random generators that the loss draws from. */
  readonly random?: readonly string[];
  /** Parameters that a checkpoint keeps; all by default. The others are initialised again. */
  readonly saves?: (parameter: string) => boolean;
  /** How a checkpoint stores parameters. Default 'float32'. */
  readonly stores?: 'float32' | 'bfloat16';
  /** What a resume leaves out on purpose, and begins anew: for a scenario that declares the same in `deviates`. */
  readonly forgets?: readonly Exclude<Deviation, 'precision'>[];
  /** Puts new variables in place of the old at a resume, as PyTorch's `load_state_dict(assign=True)` does. */
  readonly replaceVariables?: boolean;
}

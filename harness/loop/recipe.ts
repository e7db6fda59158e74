/** The description of a training loop. */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Deviation, Settings } from '../trace/schema.ts';
import type { UpdateRule } from '../training/optimizer.ts';
import type { RandomStream } from '../training/random-stream.ts';
import type { Sample } from '../training/trainer.ts';

/** The inputs of a {@link Model}'s loss. */
export interface Pass {
  /** Returns a parameter's value by name, and records it for the gradient. */
  readonly read: (name: string) => Tensor;
  /** Returns a buffer by name. The loss can assign it. */
  readonly buffer: (name: string) => Variable;
  /** The micro-batch: positions of its examples in the data, from 0 to `examples.size` − 1. */
  readonly examples: readonly number[];
  /** Returns a random generator by its name in {@link Recipe.random}. */
  readonly random: (name: string) => RandomStream;
  /** False in evaluation mode, in which dropout is off and running statistics do not change. */
  readonly training: boolean;
  /** The name of the current phase in {@link Recipe.phases}; 'loss' without phases. */
  readonly phase: string;
}

/** A model with its data and its loss. Nothing is allocated yet. */
export interface Model {
  /** The shape of each parameter by dotted name, in order. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Returns the initial values of a parameter, row-major. Their number is the product of `shape`. */
  readonly initialise: (name: string, shape: readonly number[]) => Float32Array;
  /** Tied names: each key is a second name for the parameter in its value. */
  readonly ties?: ReadonlyMap<string, string>;
  /** Whether the parameter of this name is frozen. By default, no parameter is. */
  readonly frozen?: (name: string) => boolean;
  /** State outside the parameters, such as running statistics: the initial values by name, each a vector. */
  readonly buffers?: ReadonlyMap<string, Float32Array>;
  /** The number of examples in the data, and the id of each. */
  readonly examples: { readonly size: number; readonly id: (example: number) => string };
  /** Returns the mean loss of a micro-batch, a float32 scalar. Called once per backward pass. It can assign buffers. */
  readonly loss: (pass: Pass) => Scalar;
  /** Draws samples from fixed inputs, with the weights or with their EMA. */
  readonly sample?: (
    read: (name: string) => Tensor,
    buffer: (name: string) => Tensor,
    of: 'weights' | 'ema',
  ) => Promise<readonly Sample[]>;
}

/** A parameter group: the parameters that it owns, with their learning rate and weight decay. */
export interface GroupRecipe {
  /** The group's name in logs and checkpoints. */
  readonly name: string;
  /** True if the group owns the parameter of this name. */
  readonly owns: (parameter: string) => boolean;
  /** The base learning rate. The schedule multiplies it. */
  readonly learningRate: number;
  /** The weight decay. Default 0. */
  readonly weightDecay?: number;
}

/** One optimizer and the schedule that sets the learning rates of its groups. */
export interface OptimizerRecipe {
  /** The optimizer's name in a checkpoint. */
  readonly name: string;
  /** The parameter groups. Each parameter belongs to one group. */
  readonly groups: readonly GroupRecipe[];
  /** The update rule of one parameter, such as {@link adamW}. */
  readonly update: UpdateRule;
  /** The factor on the base learning rates after this many updates, such as {@link warmupCosine}. */
  readonly schedule: (updates: number) => number;
}

/**
 * The description of a training loop: a model with its data, and how to train it. Nothing is allocated yet.
 */
export interface Recipe {
  /** The model with its data and its loss. */
  readonly model: Model;
  /** The optimizers with their schedules, in the order in which they step. */
  readonly optimizers: readonly OptimizerRecipe[];
  /** The losses of a step, trained one after the other, each with its parameters. By default, one loss trains all. */
  readonly phases?: readonly { readonly name: string; readonly trains: (parameter: string) => boolean }[];
  /** The fused mode, in which gradient hooks update the parameters. Default 'none': the loop updates them. */
  readonly fused?: 'none' | 'backward-pass' | 'optimizer-groups';
  /** With 'optimizer-groups', about how many groups the parameters are split into, each with its optimizer. Default 4. */
  readonly fusedGroups?: number;
  /** Micro-batches per update. More than 1 cannot be combined with `fused` or several phases. Default 1. */
  readonly accumulate?: number;
  /** Examples per micro-batch. */
  readonly batch: number;
  /** How examples are shuffled: not at all, in each epoch, or through a buffer of this many examples. Default 'epoch'. */
  readonly shuffle?: 'none' | 'epoch' | { readonly buffer: number };
  /** The maximum L2 norm of each parameter's gradient. By default, gradients are not clipped. */
  readonly maxGradNorm?: number | undefined;
  /** The decay of the EMA of the weights. By default, there is no EMA. */
  readonly ema?: number | undefined;
  /**
   * Dynamic loss scaling, as for half precision: the initial scale, and after how many updates without overflow it
   * doubles. Cannot be combined with `fused` or several phases. None by default.
   */
  readonly lossScale?: { readonly initial: number; readonly growthInterval: number };
  /** The names of the random generators that the loss draws from. */
  readonly random?: readonly string[];
  /** Whether a checkpoint saves the parameter of this name. A resume initialises the others again. Default: all. */
  readonly saves?: (parameter: string) => boolean;
  /** The type in which a checkpoint stores parameters. Default 'float32'. */
  readonly stores?: 'float32' | 'bfloat16';
  /** State that a resume resets instead of restoring. The scenario must declare the same kinds in `deviates`. */
  readonly forgets?: readonly Exclude<Deviation, 'precision'>[];
  /** Whether a resume replaces the variables, like PyTorch's `load_state_dict(assign=True)`. Default false. */
  readonly replaceVariables?: boolean;
  /**
   * The parts of the recipe that follow from other settings, as a process builds them that resumes with these settings.
   * Required if the plan has `changes`. The optimizers keep their names, groups and update rules.
   */
  readonly changed?: (settings: Settings) => Partial<Pick<Recipe, 'batch' | 'accumulate' | 'optimizers'>>;
}

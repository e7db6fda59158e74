/** An optimizer with PyTorch's parameter groups. An {@link UpdateRule} defines how it updates one parameter. */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from './gradients.ts';
import { trainingObserver } from './observation.ts';

/** A variable with its name. */
export interface Parameter {
  /** A dotted name, as in PyTorch: `blocks.0.attention.qkv.weight`. */
  readonly name: string;
  /** The variable that an optimizer assigns. */
  readonly variable: tf.Variable;
}

/** Parameters with the same learning rate and weight decay. A {@link Schedule} writes `learningRate`. */
export interface ParameterGroup {
  /** The group's name, unique within its optimizer. */
  readonly name: string;
  /** The parameters of the group. */
  readonly parameters: readonly Parameter[];
  /** The current learning rate. */
  learningRate: number;
  /** The weight decay; 0 for none. */
  readonly weightDecay: number;
}

/** The input of an {@link UpdateRule}. */
export interface UpdateInput {
  /** The current value. */
  readonly parameter: tf.Tensor;
  /** The gradient, of the parameter's shape. */
  readonly gradient: tf.Tensor;
  /** The optimizer slots by name. Empty at a parameter's first step. */
  readonly slots: Readonly<Record<string, tf.Tensor>>;
  /** The number of updates of this parameter, including this one. */
  readonly step: number;
  /** The group's learning rate. */
  readonly learningRate: number;
  /** The group's weight decay; 0 for none. */
  readonly weightDecay: number;
}

/** The output of an {@link UpdateRule}. */
export interface UpdateOutput {
  /** The new value, of the same shape. */
  readonly parameter: tf.Tensor;
  /** The new optimizer slots by name. The optimizer keeps them and disposes the old ones. */
  readonly slots: Readonly<Record<string, tf.Tensor>>;
  /** The learning rate that the update used, before any scaling by the parameter's norm. */
  readonly learningRate: number;
}

/** Computes the update of one parameter: a pure function of tensors. It runs inside `tf.tidy`. */
export type UpdateRule = (input: UpdateInput) => UpdateOutput;

/** The state of an {@link Optimizer} that a checkpoint saves, without the slots. */
export interface OptimizerState {
  /** The parameter groups, with the names of their parameters. */
  readonly groups: readonly {
    readonly name: string;
    readonly parameters: readonly string[];
    readonly learningRate: number;
    readonly weightDecay: number;
  }[];
  /** The number of updates so far, by parameter name. */
  readonly steps: Readonly<Record<string, number>>;
}

interface ParameterState {
  step: number;
  slots: Record<string, tf.Tensor>;
}

/**
 * An optimizer with PyTorch's parameter groups. It creates a parameter's slots at the first step.
 * @example
 * ```ts
 * import { Gradients, Optimizer, sgd } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([3]));
 * const parameters = [{ name: 'weight', variable: weight }];
 * const optimizer = new Optimizer([{ name: 'all', parameters, learningRate: 0.1, weightDecay: 0 }], sgd());
 * const gradients = new Gradients();
 * gradients.backward((read) => tf.sum(tf.square(read(weight)))).dispose();
 * optimizer.step(gradients); // weight is [0.8, 0.8, 0.8]
 * gradients.drop();
 * ```
 */
export class Optimizer {
  /** The groups. {@link Optimizer.loadState} replaces the objects, as PyTorch's `load_state_dict` does. */
  groups: ParameterGroup[];
  readonly #update: UpdateRule;
  readonly #states = new Map<tf.Variable, ParameterState>();

  /** Uses the group objects themselves, so a change of a group's learning rate applies to the next step. */
  constructor(groups: readonly ParameterGroup[], update: UpdateRule) {
    this.groups = [...groups];
    this.#update = update;
  }

  /** The parameters of all groups, in order. */
  get parameters(): Parameter[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  /** Updates one parameter with the learning rate and weight decay of the given group. */
  stepParameter(variable: tf.Variable, gradient: tf.Tensor, group: ParameterGroup): void {
    const state = this.#states.get(variable) ?? { step: 0, slots: {} };
    state.step += 1;
    const output = tf.tidy(() => {
      const { learningRate, weightDecay } = group;
      const result = this.#update({
        parameter: variable,
        gradient,
        slots: state.slots,
        step: state.step,
        learningRate,
        weightDecay,
      });
      for (const slot of Object.values(result.slots)) tf.keep(slot);
      variable.assign(result.parameter as typeof variable);
      return { learningRate: result.learningRate, slots: { ...result.slots } };
    }) as unknown as { learningRate: number; slots: Record<string, tf.Tensor> };
    for (const slot of Object.values(state.slots)) slot.dispose();
    this.#states.set(variable, { step: state.step, slots: output.slots });
    trainingObserver()?.update(variable, output.learningRate, gradient);
  }

  /** Updates every parameter that has a gradient. */
  step(gradients: Gradients): void {
    for (const group of this.groups) {
      for (const { variable } of group.parameters) {
        const gradient = gradients.of(variable);
        if (gradient !== undefined) this.stepParameter(variable, gradient, group);
      }
    }
  }

  /** The live slots of all parameters. A parameter has none before its first step. */
  slots(): { slot: string; parameter: string; tensor: tf.Tensor }[] {
    return this.parameters.flatMap(({ name, variable }) =>
      Object.entries(this.#states.get(variable)?.slots ?? {}).map(([slot, tensor]) => ({
        slot,
        parameter: name,
        tensor,
      })),
    );
  }

  /** The state that a checkpoint saves, without the slots. */
  state(): OptimizerState {
    return {
      groups: this.groups.map(({ name, parameters, learningRate, weightDecay }) => ({
        name,
        parameters: parameters.map((parameter) => parameter.name),
        learningRate,
        weightDecay,
      })),
      steps: Object.fromEntries(
        this.parameters.map(({ name, variable }) => [name, this.#states.get(variable)?.step ?? 0]),
      ),
    };
  }

  /**
   * Restores groups, step counts and slots from a checkpoint. The groups become new objects, and the slots are assigned to
   * the variables of `parameters`. Code that captured an old group or variable keeps the old one.
   * @param slots by `parameter.slot`; the optimizer takes ownership of the tensors
   * @throws `Error` when a group names a parameter that is not among `parameters`; the optimizer is then unchanged
   */
  loadState(
    state: OptimizerState,
    slots: ReadonlyMap<string, tf.Tensor>,
    parameters: readonly Parameter[] = this.parameters,
  ): void {
    const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    const groups = state.groups.map((group) => ({
      ...group,
      parameters: group.parameters.map((name) => {
        const parameter = byName.get(name);
        if (parameter === undefined) {
          throw new Error(
            `optimizer group '${group.name}' names parameter '${name}', which the model does not have: load the state of the same model`,
          );
        }
        return parameter;
      }),
    }));
    for (const { slots: old } of this.#states.values()) {
      for (const tensor of Object.values(old)) tensor.dispose();
    }
    this.#states.clear();
    this.groups = groups;
    const bySlotOwner = Map.groupBy(slots, ([key]) => key.slice(0, key.lastIndexOf('.')));
    for (const { name, variable } of this.parameters) {
      const own = bySlotOwner.get(name) ?? [];
      const step = state.steps[name] ?? 0;
      if (own.length === 0 && step === 0) continue;
      this.#states.set(variable, {
        step,
        slots: Object.fromEntries(own.map(([key, tensor]) => [key.slice(name.length + 1), tf.keep(tensor)])),
      });
    }
  }
}

/**
 * An optimizer in PyTorch's shape: parameter groups, and per-parameter slots made at the first step.
 * How one parameter is updated is an {@link UpdateRule}: a pure function of tensors.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from './gradients.ts';
import { trainingObserver } from './observation.ts';

export interface Parameter {
  /** Dotted, as a PyTorch user would expect: `blocks.0.attention.qkv.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** `learningRate` is what a schedule writes and an update reads. */
export interface ParameterGroup {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  learningRate: number;
  readonly weightDecay: number;
}

export interface UpdateInput {
  readonly parameter: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** Empty at a parameter's first step. */
  readonly slots: Readonly<Record<string, tf.Tensor>>;
  /** Updates of this parameter, this one included. */
  readonly step: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

export interface UpdateOutput {
  readonly parameter: tf.Tensor;
  readonly slots: Readonly<Record<string, tf.Tensor>>;
  /** The learning rate that the update really used, before any scaling by the parameter's own size. */
  readonly learningRate: number;
}

export type UpdateRule = (input: UpdateInput) => UpdateOutput;

/** What a checkpoint keeps of an optimizer, without its tensors. */
export interface OptimizerState {
  readonly groups: readonly {
    readonly name: string;
    readonly parameters: readonly string[];
    readonly learningRate: number;
    readonly weightDecay: number;
  }[];
  /** Updates so far, by parameter name. */
  readonly steps: Readonly<Record<string, number>>;
}

interface ParameterState {
  step: number;
  slots: Record<string, tf.Tensor>;
}

export class Optimizer {
  /** Replaced, not changed, by {@link Optimizer.loadState}, as PyTorch's `load_state_dict` does. */
  groups: ParameterGroup[];
  readonly #update: UpdateRule;
  readonly #states = new Map<tf.Variable, ParameterState>();

  constructor(groups: readonly ParameterGroup[], update: UpdateRule) {
    this.groups = [...groups];
    this.#update = update;
  }

  get parameters(): Parameter[] {
    return this.groups.flatMap((group) => group.parameters);
  }

  /** Updates one parameter with the learning rate and decay of `group`: the group that the caller holds. */
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

  /** Live slots of the parameters in the groups; none before a parameter's first step. */
  slots(): { slot: string; parameter: string; tensor: tf.Tensor }[] {
    return this.parameters.flatMap(({ name, variable }) =>
      Object.entries(this.#states.get(variable)?.slots ?? {}).map(([slot, tensor]) => ({
        slot,
        parameter: name,
        tensor,
      })),
    );
  }

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
   * Takes groups, step counts and slots from a checkpoint. The groups become new objects and new slots
   * belong to the variables that `parameters` names: whoever captured an old group or variable keeps it.
   * @param slots by `parameter.slot`; takes over the tensors
   * @throws when a group names a parameter that is not among `parameters`
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
            `optimizer group '${group.name}' names parameter '${name}', which the model does not have`,
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

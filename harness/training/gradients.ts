/**
 * Gradients with post-accumulate hooks on TensorFlow.js' tape, like PyTorch's `register_post_accumulate_grad_hook`.
 *
 * Each variable is read once per backward pass through a `customGrad` identity, which is recorded at the first read. The
 * tape runs backwards, so the gradient function of the identity runs exactly once, after every use of the variable has
 * contributed. The last layer comes first. The tape differentiates with respect to a scalar anchor instead of the
 * variable, so only this module owns the gradient. A hook that drops the gradient frees its memory during the pass.
 */
import * as tf from '@tensorflow/tfjs-core';
import { trainingObserver } from './observation.ts';

/**
 * Called with a variable after its gradient is accumulated. {@link Gradients.of} returns the gradient, unless an earlier
 * hook dropped it. Temporary tensors that a hook creates are disposed after it.
 */
export type GradientHook = (variable: tf.Variable) => void;

/**
 * Accumulated gradients with hooks, like PyTorch's `register_post_accumulate_grad_hook`. The hooks of a variable run
 * during the backward pass, as soon as its gradient is complete. Those of the last layer run first.
 * @example
 * ```ts
 * import { Gradients } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([3]));
 * const gradients = new Gradients();
 * const remove = gradients.onAccumulated(weight, (variable) => gradients.of(variable)!.print());
 * const loss = gradients.backward((read) => tf.sum(tf.square(read(weight)))); // prints [2, 2, 2]
 * loss.dispose();
 * gradients.drop();
 * remove();
 * ```
 */
export class Gradients {
  readonly #hooks = new Map<tf.Variable, Set<GradientHook>>();
  readonly #accumulated = new Map<tf.Variable, tf.Tensor>();

  /**
   * Registers a hook on this variable object. A variable that replaces it has no hook. Returns a function that removes
   * the hook.
   */
  onAccumulated(variable: tf.Variable, hook: GradientHook): () => void {
    // Each registration counts, even if the function is already registered.
    const entry: GradientHook = (own) => hook(own);
    const hooks = this.#hooks.get(variable) ?? new Set();
    hooks.add(entry);
    this.#hooks.set(variable, hooks);
    return () => {
      hooks.delete(entry);
    };
  }

  /** The gradient accumulated into `variable` since the last drop; undefined if there is none. */
  of(variable: tf.Variable): tf.Tensor | undefined {
    return this.#accumulated.get(variable);
  }

  /** All accumulated gradients. */
  entries(): Iterable<[tf.Variable, tf.Tensor]> {
    return this.#accumulated.entries();
  }

  /** Frees the gradient of one variable, or all gradients without an argument. */
  drop(variable?: tf.Variable): void {
    if (variable === undefined) {
      for (const gradient of this.#accumulated.values()) gradient.dispose();
      this.#accumulated.clear();
      return;
    }
    this.#accumulated.get(variable)?.dispose();
    this.#accumulated.delete(variable);
  }

  /** Restores a gradient that was accumulated before a save. Takes ownership of the tensor. */
  restore(variable: tf.Variable, gradient: tf.Tensor): void {
    this.drop(variable);
    this.#accumulated.set(variable, tf.keep(gradient));
  }

  /** Multiplies one accumulated gradient, as clipping does. */
  scale(variable: tf.Variable, factor: tf.Scalar | number): void {
    const gradient = this.#accumulated.get(variable);
    if (gradient === undefined) return;
    this.restore(variable, tf.mul(gradient, factor));
  }

  /**
   * Runs `loss` and its backward pass. Adds each gradient to the accumulated one, then calls the variable's hooks.
   * @param loss returns a float32 scalar; must read every parameter through the `read` that it receives
   * @returns the loss; the caller must dispose it
   * @throws when `loss` reads no trainable variable through `read`
   */
  backward(loss: (read: (variable: tf.Variable) => tf.Tensor) => tf.Scalar): tf.Scalar {
    const anchors: tf.Tensor[] = [tf.scalar(0)];
    const readOnce = new Map<tf.Variable, tf.Tensor>();
    const read = (variable: tf.Variable): tf.Tensor => {
      if (!variable.trainable) return variable;
      let value = readOnce.get(variable);
      if (value === undefined) {
        const anchor = tf.scalar(0);
        anchors.push(anchor);
        const position = tf.engine().state.activeTape.length;
        const identity = tf.customGrad(() => ({
          value: alias(variable),
          gradFunc: (dy: tf.Tensor) => {
            releaseTape(position + 1);
            this.#accumulate(variable, dy);
            return tf.scalar(0);
          },
        }));
        value = identity(anchor);
        readOnce.set(variable, value);
      }
      return value;
    };
    try {
      const { value, grads } = tf.engine().gradients(() => loss(read), anchors);
      for (const grad of grads) grad?.dispose();
      return value as tf.Scalar;
    } finally {
      for (const anchor of anchors) anchor.dispose();
    }
  }

  #accumulate(variable: tf.Variable, dy: tf.Tensor): void {
    const before = this.#accumulated.get(variable);
    const gradient = tf.keep(before === undefined ? alias(dy) : tf.add(before, dy));
    before?.dispose();
    // The tape would keep the tensor until the end of the pass.
    dy.dispose();
    this.#accumulated.set(variable, gradient);
    const observer = trainingObserver();
    observer?.gradient(variable, gradient);
    for (const hook of this.#hooks.get(variable) ?? []) {
      observer?.hook(variable);
      tf.tidy(() => {
        hook(variable);
      });
    }
  }
}

/** A second tensor with the same values, without a copy. `clone()` copies on wasm. */
const alias = (tensor: tf.Tensor): tf.Tensor => tf.reshape(tensor, tensor.shape);

/**
 * Frees the tensors that the tape saved from `position` on, which the backward pass no longer needs. The tape frees them
 * only at the end of the pass, and until then it would keep the old values of every parameter that a hook has updated.
 */
function releaseTape(position: number): void {
  const tape = tf.engine().state.activeTape;
  for (const node of tape.splice(position)) tf.dispose(node.saved ?? []);
}

/**
 * Scales a variable's accumulated gradient so that its L2 norm is at most `maxNorm`, like PyTorch's
 * `torch.nn.utils.clip_grad_norm_` on one parameter. Does nothing if the variable has no gradient.
 * @param maxNorm the maximum L2 norm; 0 or less for no clipping
 * @example
 * ```ts
 * import { clipGradientNorm, Gradients } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const weight = tf.variable(tf.ones([3]));
 * const gradients = new Gradients();
 * gradients.backward((read) => tf.sum(tf.square(read(weight)))).dispose();
 * clipGradientNorm(gradients, weight, 1);
 * gradients.of(weight)!.print(); // about [0.577, 0.577, 0.577]
 * ```
 */
export function clipGradientNorm(gradients: Gradients, variable: tf.Variable, maxNorm: number): void {
  const gradient = gradients.of(variable);
  if (gradient === undefined || maxNorm <= 0) return;
  const factor = tf.tidy(() => {
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    return tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1) as tf.Scalar;
  });
  gradients.scale(variable, factor);
  factor.dispose();
}

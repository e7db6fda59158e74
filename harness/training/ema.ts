/** Exponential moving average (EMA) of the weights. */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './optimizer.ts';

/**
 * Exponential moving average (EMA) of the weights, with a decay that warms up as in TensorFlow's
 * `tf.train.ExponentialMovingAverage` with `num_updates`: min(decay, (1 + n) / (10 + n)) after n updates.
 * @example
 * ```ts
 * import { Ema } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const parameters = [{ name: 'weight', variable: tf.variable(tf.ones([3])) }];
 * const ema = new Ema(parameters, 0.999);
 * ema.update(parameters); // after each optimizer step
 * ema.tensors.get('weight')!.print();
 * ```
 */
export class Ema {
  readonly #decay: number;
  readonly #shadow = new Map<string, tf.Tensor>();
  #updates = 0;

  /** Starts from the parameters' current values. `decay` is the maximum decay, from 0 to 1. */
  constructor(parameters: readonly Parameter[], decay: number) {
    this.#decay = decay;
    for (const { name, variable } of parameters) this.#shadow.set(name, tf.keep(variable.clone()));
  }

  /** The number of updates so far. */
  get updates(): number {
    return this.#updates;
  }

  /** The EMA of each parameter, by name. An update replaces the tensors. */
  get tensors(): ReadonlyMap<string, tf.Tensor> {
    return this.#shadow;
  }

  /** Moves the EMA towards the parameters' current values. */
  update(parameters: readonly Parameter[]): void {
    const decay = Math.min(this.#decay, (1 + this.#updates) / (10 + this.#updates));
    this.#updates += 1;
    for (const { name, variable } of parameters) {
      const old = this.#shadow.get(name)!;
      const next = tf.tidy(() => tf.keep(tf.add(old, tf.mul(tf.sub(variable, old), 1 - decay))));
      old.dispose();
      this.#shadow.set(name, next);
    }
  }

  /** Continues from a checkpoint. Takes ownership of the tensors. */
  restore(tensors: ReadonlyMap<string, tf.Tensor>, updates: number): void {
    for (const [name, tensor] of tensors) {
      this.#shadow.get(name)?.dispose();
      this.#shadow.set(name, tf.keep(tensor));
    }
    this.#updates = updates;
  }
}

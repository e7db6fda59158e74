/** Exponential EMA of the weights, with a decay that warms up: min(decay, (1+n)/(10+n)). */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from './optimizer.ts';

export class Ema {
  readonly #decay: number;
  readonly #shadow = new Map<string, tf.Tensor>();
  #updates = 0;

  /** Starts from the parameters' present values. */
  constructor(parameters: readonly Parameter[], decay: number) {
    this.#decay = decay;
    for (const { name, variable } of parameters) this.#shadow.set(name, tf.keep(variable.clone()));
  }

  get updates(): number {
    return this.#updates;
  }

  /** EMAs by parameter name. */
  get tensors(): ReadonlyMap<string, tf.Tensor> {
    return this.#shadow;
  }

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

  /** Takes over the tensors. */
  restore(tensors: ReadonlyMap<string, tf.Tensor>, updates: number): void {
    for (const [name, tensor] of tensors) {
      this.#shadow.get(name)?.dispose();
      this.#shadow.set(name, tf.keep(tensor));
    }
    this.#updates = updates;
  }
}

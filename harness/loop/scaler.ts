/**
 * Dynamic loss scaling (Micikevicius et al., 'Mixed Precision Training', ICLR 2018): the loss is multiplied so
 * that gradients stay within half precision; a step whose gradients overflow is skipped.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../training/gradients.ts';
import type { Parameter } from '../training/optimizer.ts';

/** Of half precision. */
const LARGEST = 65_504;

/** What a checkpoint keeps of a {@link LossScaler}. */
export interface ScalerState {
  readonly scale: number;
  /** Updates since the scale last changed. */
  readonly growth: number;
}

/**
 * Dynamic loss scaling (Micikevicius et al., 'Mixed Precision Training', ICLR 2018): the loss is multiplied so that
 * gradients stay within half precision, and a step whose gradients overflow is skipped.
 */
export class LossScaler {
  readonly #growthInterval: number;
  #scale: number;
  #growth = 0;

  constructor(initial: number, growthInterval: number) {
    this.#scale = initial;
    this.#growthInterval = growthInterval;
  }

  get state(): ScalerState {
    return { scale: this.#scale, growth: this.#growth };
  }

  restore({ scale, growth }: ScalerState): void {
    this.#scale = scale;
    this.#growth = growth;
  }

  /** Divides the gradients by the scale. Resolves to whether any gradient overflowed. */
  async unscale(gradients: Gradients, parameters: readonly Parameter[]): Promise<boolean> {
    const own = parameters.filter(({ variable }) => gradients.of(variable) !== undefined);
    if (own.length === 0) return false;
    const largest = tf.tidy(() =>
      tf.stack(own.map(({ variable }) => tf.max(tf.abs(gradients.of(variable)!)))),
    );
    const values = await largest.data();
    largest.dispose();
    for (const { variable } of own) tf.tidy(() => gradients.scale(variable, 1 / this.#scale));
    return !values.every((value) => value <= LARGEST);
  }

  /** To be called after each step that was due. */
  update(overflowed: boolean): void {
    if (overflowed) {
      this.#scale /= 2;
      this.#growth = 0;
      return;
    }
    this.#growth += 1;
    if (this.#growth < this.#growthInterval) return;
    this.#scale *= 2;
    this.#growth = 0;
  }
}

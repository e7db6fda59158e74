/** Dynamic loss scaling. */
import * as tf from '@tensorflow/tfjs-core';
import type { Gradients } from '../training/gradients.ts';
import type { Parameter } from '../training/optimizer.ts';

/** The largest finite number in half precision. */
const LARGEST = 65_504;

/** The state of a {@link LossScaler} that a checkpoint saves. */
export interface ScalerState {
  /** The factor on the loss. */
  readonly scale: number;
  /** Updates since the scale last changed. */
  readonly growth: number;
}

/**
 * Dynamic loss scaling (Micikevicius et al., 'Mixed Precision Training', ICLR 2018). The loss is multiplied by a scale so
 * that gradients stay within half precision. An update whose gradients overflow is skipped and halves the scale.
 */
export class LossScaler {
  readonly #growthInterval: number;
  #scale: number;
  #growth = 0;

  /** Starts with the scale `initial`, which doubles after `growthInterval` updates without overflow. */
  constructor(initial: number, growthInterval: number) {
    this.#scale = initial;
    this.#growthInterval = growthInterval;
  }

  /** The state that a checkpoint saves. */
  get state(): ScalerState {
    return { scale: this.#scale, growth: this.#growth };
  }

  /** Continues from a state. */
  restore({ scale, growth }: ScalerState): void {
    this.#scale = scale;
    this.#growth = growth;
  }

  /** Divides the gradients by the scale. Resolves to true if a gradient had overflowed. */
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

  /** Adjusts the scale. Call it at each update that is due, even if it is skipped. */
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

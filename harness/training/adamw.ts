/** AdamW, with PyTorch's order of operations. */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/** Options of {@link adamW}. */
export interface AdamWOptions {
  /** The decay of the first moment. Default 0.9. */
  readonly beta1?: number;
  /** The decay of the second moment. Default 0.999. */
  readonly beta2?: number;
  /** Added to the denominator, after the square root. Default 1e-8. */
  readonly epsilon?: number;
}

/**
 * AdamW (Loshchilov and Hutter, 'Decoupled Weight Decay Regularization', ICLR 2019), as PyTorch's `torch.optim.AdamW`
 * computes it. Optimizer slots: `exp_avg` and `exp_avg_sq`, each of the parameter's shape.
 * @example
 * ```ts
 * import { adamW, Optimizer } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const parameters = [{ name: 'weight', variable: tf.variable(tf.ones([3])) }];
 * const group = { name: 'all', parameters, learningRate: 1e-3, weightDecay: 0.01 };
 * const optimizer = new Optimizer([group], adamW({ beta2: 0.99 }));
 * console.log(optimizer.parameters.length);
 * ```
 */
export function adamW({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamWOptions = {}): UpdateRule {
  return ({ parameter, gradient, slots, step, learningRate, weightDecay }) => {
    const firstNew = tf.mul(gradient, 1 - beta1);
    const secondNew = tf.mul(tf.square(gradient), 1 - beta2);
    const first = slots.exp_avg === undefined ? firstNew : tf.add(tf.mul(slots.exp_avg, beta1), firstNew);
    const second =
      slots.exp_avg_sq === undefined ? secondNew : tf.add(tf.mul(slots.exp_avg_sq, beta2), secondNew);
    const stepSize = learningRate / (1 - beta1 ** step);
    const denominator = tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(1 - beta2 ** step)), epsilon);
    const update = tf.mul(tf.div(first, denominator), stepSize);
    const decayed = weightDecay === 0 ? parameter : tf.mul(parameter, 1 - learningRate * weightDecay);
    return {
      parameter: tf.sub(decayed, update),
      slots: { exp_avg: first, exp_avg_sq: second },
      learningRate,
    };
  };
}

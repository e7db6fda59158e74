/** Stochastic gradient descent, with and without momentum. */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/**
 * Stochastic gradient descent with momentum, as in PyTorch's `torch.optim.SGD` without dampening. Weight decay is added to
 * the gradient. Optimizer slots: `momentum_buffer` of the parameter's shape, or none without momentum.
 * @param options.momentum the factor on the previous velocity; default 0
 * @example
 * ```ts
 * import { Optimizer, sgd } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const parameters = [{ name: 'weight', variable: tf.variable(tf.ones([3])) }];
 * const group = { name: 'all', parameters, learningRate: 0.1, weightDecay: 0 };
 * const optimizer = new Optimizer([group], sgd({ momentum: 0.9 }));
 * console.log(optimizer.parameters.length);
 * ```
 */
export function sgd({ momentum = 0 }: { readonly momentum?: number } = {}): UpdateRule {
  return ({ parameter, gradient, slots, learningRate, weightDecay }) => {
    const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(parameter, weightDecay));
    const old = slots.momentum_buffer;
    const velocity = old === undefined ? tf.clone(decayed) : tf.add(tf.mul(old, momentum), decayed);
    return {
      parameter: tf.sub(parameter, tf.mul(velocity, learningRate)),
      slots: momentum === 0 ? {} : { momentum_buffer: velocity },
      learningRate,
    };
  };
}

/** Stochastic gradient descent with momentum, in PyTorch's form; without momentum it keeps no slot. */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/** Slots: `momentum_buffer` of the parameter's shape, unless `momentum` is 0. Weight decay is added to the gradient. */
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

/** Float32 master weights for parameters in bfloat16. */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/**
 * Rounds float32 values to the 8 significant bits of bfloat16, with Veltkamp's splitting (Dekker, Numerische Mathematik
 * 18, 1971). Returns a float32 tensor of the same shape.
 * @example
 * ```ts
 * import { roundTo8Bits } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * roundTo8Bits(tf.tensor1d([1.001, 3.14159])).print(); // [1, 3.140625]
 * ```
 */
export function roundTo8Bits(values: tf.Tensor): tf.Tensor {
  const shifted = tf.mul(values, 2 ** 16 + 1);
  return tf.sub(shifted, tf.sub(shifted, values));
}

/**
 * Adds float32 master weights to an update rule (Micikevicius et al., 'Mixed Precision Training', ICLR 2018): the
 * optimizer updates a float32 copy, and the parameter is that copy rounded to bfloat16. Optimizer slots: those of `rule`,
 * and `master` of the parameter's shape.
 * @example
 * ```ts
 * import { adamW, Optimizer, withMasterWeights } from 'resumeproof';
 * import * as tf from '@tensorflow/tfjs-core';
 *
 * const parameters = [{ name: 'weight', variable: tf.variable(tf.ones([3])) }];
 * const group = { name: 'all', parameters, learningRate: 1e-3, weightDecay: 0 };
 * const optimizer = new Optimizer([group], withMasterWeights(adamW()));
 * console.log(optimizer.parameters.length);
 * ```
 */
export function withMasterWeights(rule: UpdateRule): UpdateRule {
  return ({ parameter, slots: { master = parameter, ...slots }, ...input }) => {
    const updated = rule({ ...input, parameter: master, slots });
    return {
      ...updated,
      parameter: roundTo8Bits(updated.parameter),
      slots: { ...updated.slots, master: updated.parameter },
    };
  };
}

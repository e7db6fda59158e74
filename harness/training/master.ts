/**
 * Master weights (Micikevicius et al., 'Mixed Precision Training', ICLR 2018): the parameter is kept in
 * bfloat16, a float32 copy of it is what the optimizer updates.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { UpdateRule } from './optimizer.ts';

/** Float32 to 8 significant bits, by Veltkamp's splitting (Dekker, Numer. Math. 18, 1971). */
export function roundTo8Bits(values: tf.Tensor): tf.Tensor {
  const shifted = tf.mul(values, 2 ** 16 + 1);
  return tf.sub(shifted, tf.sub(shifted, values));
}

/** Slots: those of `rule`, and `master` of the parameter's shape. */
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

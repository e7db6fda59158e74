/** The conditions of both models: time and class. */
import * as tf from '@tensorflow/tfjs-core';
import { CLASSES, type Read } from './model.ts';

const FREQUENCIES = 16;

/** Parameters of {@link conditionOf} for `width` features. */
export function conditionShapes(width: number): [string, readonly number[]][] {
  return [
    ['time.weight', [2 * FREQUENCIES, width]],
    ['label.weight', [CLASSES, width]],
  ];
}

/** Features of time and class: `[batch, width]`. */
export function conditionOf(read: Read, time: tf.Tensor1D, label: tf.Tensor1D): tf.Tensor2D {
  // Cast afterwards: when asked for float32, wasm's one-hot writes integers, which read as zeros.
  const classes = tf.cast(tf.oneHot(label, CLASSES), 'float32') as tf.Tensor2D;
  // linear() would also compute unused gradients of time and class, which costs more than the transpose flag
  // that slows down these products on wasm.
  const mixed = tf.add(
    tf.matMul(timeFeatures(time), read('time.weight') as tf.Tensor2D),
    tf.matMul(classes, read('label.weight') as tf.Tensor2D),
  );
  return tf.mul(mixed, tf.sigmoid(mixed)) as tf.Tensor2D;
}

/** Sines and cosines of `time` with wavelengths from 2π down to 2π/100. */
function timeFeatures(time: tf.Tensor1D): tf.Tensor2D {
  const frequencies = Array.from({ length: FREQUENCIES }, (_, k) => 100 ** (k / (FREQUENCIES - 1)));
  const phases = [...frequencies.map(() => 0), ...frequencies.map(() => Math.PI / 2)];
  const angles = tf.mul(tf.reshape(time, [-1, 1]), tf.tensor2d([[...frequencies, ...frequencies]]));
  return tf.sin(tf.add(angles, tf.tensor1d(phases))) as tf.Tensor2D;
}

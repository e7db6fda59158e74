/**
 * Rectified flow (Liu, Gong and Liu, 'Flow Straight and Fast', ICLR 2023): a straight line leads from noise
 * at time 0 to an image at time 1, and the model learns its velocity.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type ImageModel, type Read, SIZE } from './model.ts';

export const EULER_STEPS = 10;

export interface FlowBatch {
  /** `[batch, 16, 16]`, −1 … 1. */
  readonly images: tf.Tensor3D;
  /** `[batch, 16, 16]`, standard normal. */
  readonly noise: tf.Tensor3D;
  /** `[batch]`, 0 … 1. */
  readonly time: tf.Tensor1D;
  /** `[batch]`, int32. */
  readonly label: tf.Tensor1D;
}

/** Mean squared error of the velocity on the path from noise to image: a scalar. */
export function flowLoss(model: ImageModel, read: Read, batch: FlowBatch): tf.Scalar {
  const { images, noise, time, label } = batch;
  const target = tf.sub(images, noise);
  const noisy = tf.add(noise, tf.mul(target, tf.reshape(time, [-1, 1, 1]))) as tf.Tensor3D;
  return tf.mean(tf.squaredDifference(model.velocity(read, noisy, time, label), target)) as tf.Scalar;
}

/**
 * Samples one image per label by Euler's method, all in one batch.
 * @param labels class indices
 * @param noise standard normal, 256 values per label
 * @returns 16×16 grey pixels per label
 * @throws {RangeError} when `noise` has another length
 */
export async function sample(
  model: ImageModel,
  read: Read,
  labels: readonly number[],
  noise: Float32Array,
  steps: number = EULER_STEPS,
): Promise<Uint8Array[]> {
  const pixels = SIZE * SIZE;
  if (noise.length !== labels.length * pixels) {
    throw new RangeError(
      `expected ${labels.length * pixels} noise values for ${labels.length} samples, received ${noise.length}`,
    );
  }
  const drawn = tf.tidy(() => {
    const label = tf.tensor1d([...labels], 'int32');
    let x = tf.tensor3d(noise, [labels.length, SIZE, SIZE]);
    for (let step = 0; step < steps; step += 1) {
      const time = tf.fill([labels.length], step / steps) as tf.Tensor1D;
      x = tf.add(x, tf.mul(model.velocity(read, x, time, label), 1 / steps));
    }
    return x;
  });
  const values = await drawn.data();
  drawn.dispose();
  return labels.map((_, index) =>
    Uint8Array.from(values.subarray(index * pixels, (index + 1) * pixels), toGrey),
  );
}

/** −1 … 1 to 0 … 255; NaN becomes 0. */
const toGrey = (value: number): number => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))) || 0;

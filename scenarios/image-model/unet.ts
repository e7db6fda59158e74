/**
 * A small U-Net (Ronneberger, Fischer and Brox, 'U-Net', MICCAI 2015): down from 16×16 to 8×8 and up again,
 * with a skip connection. Time and class shift and scale the features of each convolution (Perez et al.,
 * 'FiLM', AAAI 2018) through a single linear layer, because each parameter costs every optimizer step a dozen
 * kernels. There are no norms, because each took as long as two convolutions on a software adapter.
 */
import * as tf from '@tensorflow/tfjs-core';
import { conditionOf, conditionShapes } from './condition.ts';
import { type ImageModel, type Read, SIZE } from './model.ts';
import { linear } from './operations.ts';

export interface UNetConfig {
  /** Channels at 16×16; twice as many at 8×8. */
  readonly channels: number;
}

export const BASE_UNET: UNetConfig = { channels: 16 };

/** Kernels that training the U-Net needs and the transformer does not; wasm lacks the last one. */
export const UNET_KERNELS: readonly string[] = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];

const HALF = SIZE / 2;

export function unet({ channels }: UNetConfig): ImageModel {
  const deep = 2 * channels;
  /** Widths of the shift and the scale of each modulated convolution. */
  const modulated = [channels, deep, deep, channels].flatMap((width) => [width, width]);
  const modulation = modulated.reduce((sum, width) => sum + width, 0);
  const shapes = new Map<string, readonly number[]>([
    ...conditionShapes(deep),
    ['modulation.weight', [deep, modulation]],
    ['modulation.bias', [modulation]],
    ['first.weight', [3, 3, 1, channels]],
    ['down.weight', [2, 2, channels, deep]],
    ['middle.weight', [3, 3, deep, deep]],
    ['up.weight', [deep, 4 * channels]],
    ['decoder.weight', [3, 3, 2 * channels, channels]],
    ['final.weight', [3, 3, channels, 1]],
    ['final.bias', [1]],
  ]);
  return {
    shapes,
    velocity: (read, noisy, time, label) => {
      const batch = noisy.shape[0];
      const all = linear(conditionOf(read, time, label), read('modulation.weight'), read('modulation.bias'));
      const shiftsAndScales = tf.split(tf.reshape(all, [batch, 1, 1, modulation]), modulated, -1);
      const modulate = (x: tf.Tensor, index: number): tf.Tensor => {
        const [shift, scale] = shiftsAndScales.slice(2 * index);
        return tf.relu(tf.add(tf.mul(x, tf.add(scale!, 1)), shift!));
      };

      const fine = modulate(convolve(read, 'first', tf.reshape(noisy, [batch, SIZE, SIZE, 1])), 0);
      const coarse = modulate(convolve(read, 'down', fine, 2), 1);
      const middle = tf.add(coarse, modulate(convolve(read, 'middle', coarse), 2));
      const up = upsample(middle, read('up.weight'));
      const decoded = modulate(convolve(read, 'decoder', tf.concat([up, fine], -1)), 3);
      const velocity = tf.add(convolve(read, 'final', decoded), read('final.bias'));
      return tf.reshape(velocity, [batch, SIZE, SIZE]);
    },
  };
}

function convolve(read: Read, name: string, x: tf.Tensor, stride = 1): tf.Tensor {
  return tf.conv2d(x as tf.Tensor4D, read(`${name}.weight`) as tf.Tensor4D, stride, 'same');
}

/**
 * A linear layer turns each 8×8 pixel into a 2×2 square: the gradient of resizing differs between backends,
 * and that of a transposed convolution needs more kernels.
 */
function upsample(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const [batch, , , deep] = x.shape as [number, number, number, number];
  const squares = linear(tf.reshape(x, [batch * HALF * HALF, deep]) as tf.Tensor2D, weight);
  // Rows are folded into the batch, so that four axes suffice: row, column, row of the square, and column of
  // the square with channel.
  const grid = tf.reshape(squares, [batch * HALF, HALF, 2, -1]);
  return tf.reshape(tf.transpose(grid, [0, 2, 1, 3]), [batch, SIZE, SIZE, -1]);
}

/**
 * A small diffusion transformer (Peebles and Xie, 'Scalable Diffusion Models with Transformers', ICCV 2023):
 * 4×4 patches become 16 tokens; each block is conditioned on time and class by adaLN-zero. Linear layers
 * have no bias where the modulation's shift or an embedding acts as one, because each parameter costs every
 * optimizer step a dozen kernels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { conditionOf, conditionShapes } from './condition.ts';
import { type ImageModel, type Read, SIZE } from './model.ts';
import { attention, linear, modulatedNorm } from './operations.ts';

export interface TransformerConfig {
  /** Features per token; a multiple of `heads`. */
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  /** Hidden features of a block's perceptron, as a multiple of `width`. */
  readonly expansion: number;
}

/** The shape of the base checkpoint. */
export const BASE_TRANSFORMER: TransformerConfig = { width: 48, blocks: 2, heads: 4, expansion: 4 };

const PATCH = 4;
const SIDE = SIZE / PATCH;
const TOKENS = SIDE * SIDE;

/** @throws {RangeError} when `width` is not a multiple of `heads` */
export function transformer(config: TransformerConfig): ImageModel {
  const { width, blocks, heads, expansion } = config;
  if (width % heads !== 0) {
    throw new RangeError(`expected a width that is a multiple of ${heads} heads, received ${width}`);
  }
  const shapes = new Map<string, readonly number[]>([
    ['patch.weight', [PATCH * PATCH, width]],
    ['position', [TOKENS, width]],
    ...conditionShapes(width),
  ]);
  for (let block = 0; block < blocks; block += 1) {
    const at = `blocks.${block}`;
    shapes.set(`${at}.modulation.weight`, [width, 6 * width]);
    shapes.set(`${at}.modulation.bias`, [6 * width]);
    shapes.set(`${at}.attention.qkv.weight`, [width, 3 * width]);
    shapes.set(`${at}.attention.out.weight`, [width, width]);
    shapes.set(`${at}.mlp.up.weight`, [width, expansion * width]);
    shapes.set(`${at}.mlp.down.weight`, [expansion * width, width]);
  }
  shapes.set('final.modulation.weight', [width, 2 * width]);
  shapes.set('final.modulation.bias', [2 * width]);
  shapes.set('final.weight', [width, PATCH * PATCH]);
  shapes.set('final.bias', [PATCH * PATCH]);

  const modulate = (read: Read, name: string, condition: tf.Tensor2D, parts: number): tf.Tensor[] => {
    const all = linear(condition, read(`${name}.modulation.weight`), read(`${name}.modulation.bias`));
    return tf.split(tf.reshape(all, [condition.shape[0], 1, parts * width]), parts, -1);
  };

  const runBlock = (read: Read, at: string, x: tf.Tensor, condition: tf.Tensor2D): tf.Tensor => {
    const rows: [number, number] = [x.shape[0]! * TOKENS, width];
    const [shift1, scale1, gate1, shift2, scale2, gate2] = modulate(read, at, condition, 6);
    const qkv = linear(
      tf.reshape(modulatedNorm(x, shift1!, scale1!), rows),
      read(`${at}.attention.qkv.weight`),
    );
    const attended = linear(attention(qkv, TOKENS, heads), read(`${at}.attention.out.weight`));
    const y = tf.add(x, tf.mul(tf.reshape(attended, x.shape), gate1!));
    const up = linear(tf.reshape(modulatedNorm(y, shift2!, scale2!), rows), read(`${at}.mlp.up.weight`));
    const down = linear(tf.relu(up), read(`${at}.mlp.down.weight`));
    return tf.add(y, tf.mul(tf.reshape(down, y.shape), gate2!));
  };

  return {
    shapes,
    velocity: (read, noisy, time, label) => {
      const batch = noisy.shape[0];
      let x: tf.Tensor = tf.reshape(linear(patches(noisy), read('patch.weight')), [batch, TOKENS, width]);
      x = tf.add(x, read('position'));
      const condition = conditionOf(read, time, label);
      for (let block = 0; block < blocks; block += 1) x = runBlock(read, `blocks.${block}`, x, condition);
      const [shift, scale] = modulate(read, 'final', condition, 2);
      const rows = tf.reshape(modulatedNorm(x, shift!, scale!), [batch * TOKENS, width]) as tf.Tensor2D;
      return unpatched(linear(rows, read('final.weight'), read('final.bias')), batch);
    },
  };
}

// Rows of patches are folded into the batch: transposing five dimensions is slow on wasm.
function patches(images: tf.Tensor3D): tf.Tensor2D {
  const batch = images.shape[0];
  const grid = tf.reshape(images, [batch * SIDE, PATCH, SIDE, PATCH]);
  return tf.reshape(tf.transpose(grid, [0, 2, 1, 3]), [batch * TOKENS, PATCH * PATCH]);
}

function unpatched(rows: tf.Tensor2D, batch: number): tf.Tensor3D {
  const grid = tf.reshape(rows, [batch * SIDE, SIDE, PATCH, PATCH]);
  return tf.reshape(tf.transpose(grid, [0, 2, 1, 3]), [batch, SIZE, SIZE]);
}

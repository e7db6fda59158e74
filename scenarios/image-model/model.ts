/** The interface of the image models: named parameters and one pure function of them. */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomStream } from '../../harness/training/random-stream.ts';

/** Images are square and grey; values −1 (black) … 1 (white). */
export const SIZE = 16;
/** The digits are classes 0 … 9. */
export const NO_CLASS = 10;
export const CLASSES = 11;

/** Gives the current value of a parameter: its variable, its EMA, or a read through gradient hooks. */
export type Read = (name: string) => tf.Tensor;
export type Initialise = (name: string, shape: readonly number[]) => Float32Array;

export interface ImageModel {
  /** Every parameter's shape by its dotted name, in the order of first use. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /**
   * The rectified flow's velocity. Creates temporary tensors: call it in `tf.tidy` or under the tape.
   * @param noisy images `[batch, 16, 16]`, float32
   * @param time `[batch]`, 0 (noise) … 1 (image), float32
   * @param label `[batch]`, class index, int32
   * @returns `[batch, 16, 16]`, float32
   */
  velocity(read: Read, noisy: tf.Tensor3D, time: tf.Tensor1D, label: tf.Tensor1D): tf.Tensor3D;
}

/**
 * A model's parameters as trainable variables, by name, in the model's order.
 * @throws when `initialise` returns the wrong number of values for the shape
 */
export function createVariables(model: ImageModel, initialise: Initialise): Map<string, tf.Variable> {
  const variables = new Map<string, tf.Variable>();
  for (const [name, shape] of model.shapes) {
    const values = initialise(name, shape);
    const wanted = tf.util.sizeFromShape([...shape]);
    if (values.length !== wanted) {
      throw new Error(
        `expected ${wanted} values for parameter '${name}' [${shape}], received ${values.length}`,
      );
    }
    variables.set(
      name,
      tf.tidy(() => tf.variable(tf.tensor(values, [...shape], 'float32'))),
    );
  }
  return variables;
}

/**
 * Initialises from scratch: weights are normal with variance 1/fan-in; biases, modulations and the last layer
 * are zero, so that each block starts as the identity (adaLN-zero).
 */
export function randomly(random: RandomStream): Initialise {
  return (name, shape) => {
    const count = shape.reduce((product, length) => product * length, 1);
    if (name.endsWith('.bias') || name.includes('modulation.') || name === 'final.weight') {
      return new Float32Array(count);
    }
    const deviation = 1 / Math.sqrt(count / shape.at(-1)!);
    return random.gaussian(count).map((value) => value * deviation);
  };
}

/** A small multilayer perceptron on seeded noise, for the tests of training/ and probe/. */
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter } from '../optimizer.ts';
import { RandomStream } from '../random-stream.ts';

type Read = (variable: tf.Variable) => tf.Tensor;

export interface Mlp {
  /** `0.weight`, `0.bias`, `1.weight` …, from the first layer to the last. */
  readonly parameters: readonly Parameter[];
  /** The loss of a batch that is different at each step. */
  loss(read: Read, step: number): tf.Scalar;
  /** A copy of the weights. */
  values(): Record<string, Float32Array>;
}

/** @param widths the number of inputs, then the number of outputs of each layer */
export function createMlp(widths: readonly number[], seed = 1, batch = 3): Mlp {
  const noise = (stream: RandomStream, shape: readonly number[]): tf.Tensor =>
    tf.tensor(stream.gaussian(tf.util.sizeFromShape([...shape])), [...shape]);
  const initial = RandomStream.fromSeed(seed);
  const layers = widths.slice(1).map((width, index) => ({
    weight: tf.tidy(() => tf.variable(noise(initial, [widths[index]!, width]))),
    bias: tf.tidy(() => tf.variable(noise(initial, [width]))),
  }));
  const parameters = layers.flatMap(({ weight, bias }, index) => [
    { name: `${index}.weight`, variable: weight },
    { name: `${index}.bias`, variable: bias },
  ]);
  return {
    parameters,
    values: () => valuesOf(parameters.map(({ name, variable }) => [name, variable])),
    loss(read, step) {
      const stream = RandomStream.fromSeed(seed * 1000 + step);
      let x = noise(stream, [batch, widths[0]!]) as tf.Tensor2D;
      for (const { weight, bias } of layers) {
        x = tf.tanh(tf.add(tf.matMul(x, read(weight) as tf.Tensor2D), read(bias)));
      }
      return tf.sum(tf.square(tf.sub(x, noise(stream, x.shape))));
    },
  };
}

/** A copy of each tensor's values, by name. */
export function valuesOf(tensors: Iterable<readonly [string, tf.Tensor]>): Record<string, Float32Array> {
  return Object.fromEntries(
    [...tensors].map(([name, tensor]) => [name, Float32Array.from(tensor.dataSync())]),
  );
}

/** Fits a curve with `optimizer.minimize`, at a learning rate that falls. */
import * as tf from '@tensorflow/tfjs-core';

export interface Program {
  readonly weights: tf.Variable<tf.Rank.R2>;
  readonly optimizer: tf.MomentumOptimizer;
}

export function build(): Program {
  const weights = tf.variable(tf.randomNormal<tf.Rank.R2>([3, 1]));
  return { weights, optimizer: tf.train.momentum(0.1, 0.9) };
}

/** Trains on one batch of random points and returns the loss. */
export async function trainOnBatch({ weights, optimizer }: Program, step: number): Promise<number> {
  optimizer.setLearningRate(0.1 / (1 + step / 4));
  const x = tf.randomUniform([16, 1], -1, 1);
  const loss = optimizer.minimize(() => {
    const features = tf.concat([tf.ones([16, 1]), x, tf.square(x)], 1) as tf.Tensor2D;
    return tf.mean(tf.square(tf.sub(tf.matMul(features, weights), tf.sin(tf.mul(x, 2)))));
  }, true)!;
  const [value] = await loss.data();
  tf.dispose([x, loss]);
  return value!;
}

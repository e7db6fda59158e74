/** A small GAN: two models that train against each other, with a frozen layer, a custom layer and a custom loss. */
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  type LayersModel,
  type LayerVariable,
  layers,
  sequential,
} from '@tensorflow/tfjs-layers';
import { examples } from './classifier.ts';

const ROWS = 8;
const NOISE = 4;
const FEATURES = 6;

/** Multiplies each feature by a trained factor. */
class Scale extends layers.Layer {
  static readonly className = 'Scale';
  #factors: LayerVariable | undefined;
  override build(shape: (number | null)[]): void {
    this.#factors = this.addWeight('factors', [shape.at(-1)!], 'float32', initializers.ones());
    super.build(shape);
  }
  override call(inputs: tf.Tensor[]): tf.Tensor {
    return tf.mul(inputs[0]!, this.#factors!.read());
  }
}

/** Penalises negative scores of real examples and positive scores of generated ones. */
const softMargin = (real: tf.Tensor, scores: tf.Tensor): tf.Tensor =>
  tf.mean(tf.softplus(tf.mul(tf.sub(1, tf.mul(2, real)), scores)));

export interface Adversaries {
  readonly critic: LayersModel;
  readonly forger: LayersModel;
}

/** The critic trains with RMSProp. The forger has the frozen critic on top and trains with Adam. */
export function adversaries(): Adversaries {
  const critic = sequential({
    name: 'critic',
    layers: [
      layers.dense({ name: 'look', units: 8, activation: 'tanh', inputShape: [FEATURES], trainable: false }),
      new Scale({ name: 'scale' }),
      layers.dense({ name: 'score', units: 1 }),
    ],
  });
  critic.compile({ optimizer: tf.train.rmsprop(0.01), loss: softMargin });
  setTrained(critic, false);
  const forger = sequential({
    name: 'forger',
    layers: [
      layers.dense({ name: 'draw', units: 8, activation: 'tanh', inputShape: [NOISE] }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dense({ name: 'paint', units: FEATURES }),
      critic,
    ],
  });
  forger.compile({ optimizer: tf.train.adam(0.01), loss: softMargin });
  return { critic, forger };
}

const setTrained = (critic: LayersModel, trainable: boolean): void => {
  for (const layer of critic.layers.slice(1)) layer.trainable = trainable;
};

/** Alternates batches for the critic and the forger, drawn with an unseeded random generator. */
export async function contest({ critic, forger }: Adversaries, batches: number): Promise<void> {
  const noise = (): tf.Tensor2D => tf.randomNormal([ROWS, NOISE]);
  const real = tf.ones([ROWS, 1]);
  for (let batch = 0; batch < batches; batch += 1) {
    if (batch % 2 === 0) {
      setTrained(critic, true);
      const { xs, ys } = examples(batch * ROWS, ROWS);
      const shift = tf.randomNormal([ROWS, 1]);
      await critic.trainOnBatch(tf.add(xs, shift), tf.cast(tf.greater(shift, 0), 'float32'));
      tf.dispose([xs, ys, shift]);
    } else {
      setTrained(critic, false);
      await forger.trainOnBatch(noise(), real);
    }
  }
}

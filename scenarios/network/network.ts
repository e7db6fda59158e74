/**
 * A small network that learns images pixel by pixel: it maps a position, and the image's index, to the grey
 * value there. It is small enough for many runs and has options for the part that a scenario tests.
 */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Model, Pass } from '../../harness/loop/recipe.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import type { SampledImage } from '../../harness/training/trainer.ts';
import { readImages } from '../image-model/images.ts';
import { SIZE } from '../image-model/model.ts';

export interface NetworkOptions {
  /** Outputs of each hidden layer. Default [16, 16]. */
  readonly hidden?: readonly number[];
  readonly activation?: 'tanh' | 'relu';
  /** How many images it learns. Several get an embedding each. Default 1. */
  readonly images?: number;
  /** Hidden layers of equal shape share one weight. */
  readonly tied?: boolean;
  /** Batch normalisation after the first layer, with running statistics. */
  readonly normalised?: boolean;
  /** Share of features dropped after the last hidden layer. */
  readonly dropout?: number;
  /** Standard deviation of the noise on positions. Default 0.02. */
  readonly jitter?: number;
  /** Rank of LoRA adapters on the hidden layers. All other parameters are then frozen. */
  readonly adapters?: number;
  /** Further parameters that are not trained. */
  readonly frozen?: (name: string) => boolean;
  /** Replaces the default initial values. */
  readonly initialise?: (name: string, values: Float32Array) => Float32Array;
}

/** Momentum of the running statistics. */
const MOMENTUM = 0.9;
const FREQUENCIES = [1, 2, 4];
const FEATURES = 2 + 4 * FREQUENCIES.length;
const IMAGES = path.join(import.meta.dirname, '..', '..', 'fixtures', 'images');

export async function network(options: NetworkOptions, seed: number, folder = IMAGES): Promise<Model> {
  const { hidden = [16, 16], images: count = 1, tied, normalised, adapters, frozen } = options;
  const { images } = await readImages(folder, count);
  const several = images.length > 1;
  const inputs = [FEATURES, ...hidden];
  const shapes = new Map<string, readonly number[]>();
  const ties = new Map<string, string>();
  if (several) shapes.set('embedding.weight', [images.length, FEATURES]);
  hidden.forEach((outputs, layer) => {
    const name = `hidden.${layer}`;
    shapes.set(`${name}.weight`, [inputs[layer]!, outputs]);
    shapes.set(`${name}.bias`, [outputs]);
    if (tied && layer > 1) ties.set(`${name}.weight`, 'hidden.1.weight');
    if (adapters !== undefined) {
      shapes.set(`${name}.lora_a`, [inputs[layer]!, adapters]);
      shapes.set(`${name}.lora_b`, [adapters, outputs]);
    }
    if (normalised && layer === 0) {
      shapes.set('norm.scale', [outputs]);
      shapes.set('norm.shift', [outputs]);
    }
  });
  shapes.set('head.weight', [hidden.at(-1)!, 1]);
  shapes.set('head.bias', [1]);
  const adapted = (name: string): boolean => adapters !== undefined && !name.includes('lora_');
  const places = SIZE * SIZE;
  const learned: Model = {
    shapes,
    ties,
    frozen: (name) => adapted(name) || (frozen?.(name) ?? false),
    initialise: initial(seed, options),
    ...(normalised
      ? {
          buffers: new Map([
            ['norm.running_mean', new Float32Array(hidden[0]!)],
            ['norm.running_var', new Float32Array(hidden[0]!).fill(1)],
          ]),
        }
      : {}),
    examples: {
      size: images.length * places,
      id: (example) => `${images[Math.floor(example / places)]!.id} at ${example % places}`,
    },
    loss(pass) {
      const which = pass.examples.map((example) => Math.floor(example / places));
      const at = pass.examples.map((example) => example % places);
      const target = at.map((place, index) => images[which[index]!]!.pixels[place]!);
      const noise = pass.random('noise').gaussian(2 * at.length);
      const jitter = noise.map((value) => value * (options.jitter ?? 0.02));
      const output = forward(options, pass, featuresOf(at, jitter), which, images.length);
      return tf.mean(tf.squaredDifference(output, tf.tensor2d(target, [at.length, 1]))) as tf.Scalar;
    },
    async sample(read, buffer, of) {
      const shown = Math.min(2, images.length);
      const at = Array.from({ length: places }, (_, place) => place);
      const which = Array.from({ length: shown * places }, (_, index) => Math.floor(index / places));
      const still = { read, buffer: buffer as Pass['buffer'], training: false, random: noRandom };
      const drawn = tf.tidy(() =>
        forward(
          options,
          still,
          featuresOf(which.map((_, index) => at[index % places]!)),
          which,
          images.length,
        ),
      );
      const values = await drawn.data();
      drawn.dispose();
      return Array.from(
        { length: shown },
        (_, index): SampledImage => ({
          name: `${images[index]!.id}${of === 'ema' ? ', EMA' : ''}`,
          width: SIZE,
          height: SIZE,
          channels: 1,
          pixels: Uint8Array.from(values.subarray(index * places, (index + 1) * places), toGrey),
        }),
      );
    },
  };
  return learned;
}

const noRandom = (): never => {
  throw new Error('sampling uses no random numbers');
};

/** −1 … 1 to 0 … 255. */
const toGrey = (value: number): number => Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))) || 0;

function initial(seed: number, { initialise }: NetworkOptions): Model['initialise'] {
  const random = RandomStream.fromSeed(seed + 100);
  return (name, shape) => {
    const count = shape.reduce((product, length) => product * length, 1);
    const zero = name.endsWith('.bias') || name.endsWith('lora_b') || name === 'norm.shift';
    const scale = 1 / Math.sqrt(shape[0]!);
    // Always drawn, so that a custom initial value does not change the values of other parameters.
    const drawn = random.gaussian(count).map((value) => value * scale);
    const values = name === 'norm.scale' ? drawn.fill(1) : zero ? drawn.fill(0) : drawn;
    return initialise?.(name, values) ?? values;
  };
}

/** Positions and sines and cosines of them: `[places, 14]`. */
function featuresOf(places: readonly number[], jitter?: Float32Array): tf.Tensor2D {
  const rows = places.map((place, index) => {
    const x = ((place % SIZE) / (SIZE - 1)) * 2 - 1 + (jitter?.[2 * index] ?? 0);
    const y = (Math.floor(place / SIZE) / (SIZE - 1)) * 2 - 1 + (jitter?.[2 * index + 1] ?? 0);
    const waves = FREQUENCIES.flatMap((k) => [
      Math.sin(k * x),
      Math.cos(k * x),
      Math.sin(k * y),
      Math.cos(k * y),
    ]);
    return [x, y, ...waves];
  });
  return tf.tensor2d(rows, [rows.length, FEATURES]);
}

function forward(
  { hidden = [16, 16], activation = 'tanh', normalised, dropout = 0, adapters }: NetworkOptions,
  { read, buffer, training, random }: Pick<Pass, 'read' | 'buffer' | 'training' | 'random'>,
  features: tf.Tensor2D,
  which: readonly number[],
  images: number,
): tf.Tensor2D {
  const product = (x: tf.Tensor, name: string): tf.Tensor2D =>
    tf.matMul(x as tf.Tensor2D, read(name) as tf.Tensor2D);
  let x: tf.Tensor2D = features;
  if (images > 1) {
    // When asked for float32, wasm's one-hot writes integers.
    const rows = tf.cast(tf.oneHot(tf.tensor1d([...which], 'int32'), images), 'float32');
    x = tf.add(x, product(rows, 'embedding.weight'));
  }
  hidden.forEach((_, layer) => {
    const name = `hidden.${layer}`;
    let sum = tf.add(product(x, `${name}.weight`), read(`${name}.bias`)) as tf.Tensor2D;
    if (adapters !== undefined) sum = tf.add(sum, product(product(x, `${name}.lora_a`), `${name}.lora_b`));
    if (normalised && layer === 0) sum = normalise(sum, read, buffer, training);
    x = activation === 'relu' ? tf.relu(sum) : tf.tanh(sum);
  });
  if (dropout > 0 && training) {
    const kept = Float32Array.from({ length: x.size }, () => Number(random('dropout').uniform() >= dropout));
    x = tf.mul(
      x,
      tf.tensor2d(
        kept.map((value) => value / (1 - dropout)),
        x.shape,
      ),
    );
  }
  return tf.add(product(x, 'head.weight'), read('head.bias'));
}

function normalise(
  x: tf.Tensor2D,
  read: Pass['read'],
  buffer: Pass['buffer'],
  training: boolean,
): tf.Tensor2D {
  const [mean, variance] = [buffer('norm.running_mean'), buffer('norm.running_var')];
  const moments = training ? tf.moments(x, 0) : { mean: mean as tf.Tensor, variance: variance as tf.Tensor };
  if (training) {
    const towards = (old: tf.Variable, now: tf.Tensor) =>
      old.assign(tf.add(tf.mul(old, MOMENTUM), tf.mul(now, 1 - MOMENTUM)) as typeof old);
    towards(mean, moments.mean);
    towards(variance, moments.variance);
  }
  const scaled = tf.div(tf.sub(x, moments.mean), tf.sqrt(tf.add(moments.variance, 1e-5)));
  return tf.add(tf.mul(scaled, read('norm.scale')), read('norm.shift'));
}

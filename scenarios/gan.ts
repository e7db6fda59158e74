/** Two optimizers take turns: a generator places points on a ring, a discriminator tells them from real ones. */
import * as tf from '@tensorflow/tfjs-core';
import { adamW, createLoop, defineScenario, type Model, RandomStream } from '../harness/index.ts';

const HIDDEN = 12;
const POINTS = 64;
const SIZE = 16;

const layers: readonly (readonly [string, number, number])[] = [
  ['generator.0', 2, HIDDEN],
  ['generator.1', HIDDEN, 2],
  ['discriminator.0', 2, HIDDEN],
  ['discriminator.1', HIDDEN, 1],
];

type Read = (name: string) => tf.Tensor;

function apply(read: Read, net: string, x: tf.Tensor2D): tf.Tensor2D {
  const layer = (input: tf.Tensor2D, name: string): tf.Tensor2D =>
    tf.add(tf.matMul(input, read(`${name}.weight`) as tf.Tensor2D), read(`${name}.bias`));
  return layer(tf.tanh(layer(x, `${net}.0`)), `${net}.1`);
}

/** Mean of −log σ(±x), numerically stable. */
const logistic = (x: tf.Tensor, real: boolean): tf.Scalar => tf.mean(tf.softplus(real ? tf.neg(x) : x));

function ring(seed: number): Model {
  const random = RandomStream.fromSeed(seed);
  return {
    shapes: new Map(
      layers.flatMap(([name, inputs, outputs]): [string, number[]][] => [
        [`${name}.weight`, [inputs, outputs]],
        [`${name}.bias`, [outputs]],
      ]),
    ),
    initialise(name, shape) {
      const count = shape.reduce((product, length) => product * length, 1);
      return name.endsWith('bias')
        ? new Float32Array(count)
        : random.gaussian(count).map((value) => value / 2);
    },
    examples: { size: POINTS, id: (example) => `point ${example}` },
    loss({ read, examples, random, phase }) {
      const noise = tf.tensor2d(random('noise').gaussian(2 * examples.length), [examples.length, 2]);
      const made = apply(read, 'generator', noise);
      if (phase === 'generator') return logistic(apply(read, 'discriminator', made), true);
      const angles = examples.map((example) => (2 * Math.PI * example) / POINTS);
      const real = tf.tensor2d(angles.map((angle) => [Math.cos(angle), Math.sin(angle)]));
      const judged = [apply(read, 'discriminator', real), apply(read, 'discriminator', made)] as const;
      return tf.add(logistic(judged[0], true), logistic(judged[1], false));
    },
    /** Draws where the generator places a fixed set of points. */
    async sample(read, _buffer, of) {
      const noise = RandomStream.fromSeed(7).gaussian(2 * POINTS);
      const made = tf.tidy(() => apply(read, 'generator', tf.tensor2d(noise, [POINTS, 2])));
      const values = await made.data();
      made.dispose();
      const pixels = new Uint8Array(SIZE * SIZE);
      for (let point = 0; point < POINTS; point += 1) {
        const [x, y] = [values[2 * point]!, values[2 * point + 1]!].map((value) =>
          Math.min(SIZE - 1, Math.max(0, Math.floor(((value + 2) / 4) * SIZE))),
        ) as [number, number];
        pixels[y * SIZE + x] = Math.min(255, pixels[y * SIZE + x]! + 64);
      }
      return [{ name: `points, ${of}`, width: SIZE, height: SIZE, channels: 1, pixels }];
    },
  };
}

const optimizer = (name: string, learningRate: number) => ({
  name,
  groups: [{ name, owns: (parameter: string) => parameter.startsWith(name), learningRate }],
  update: adamW(),
  schedule: (updates: number) => 0.98 ** updates,
});

export default defineScenario({
  about: 'A generator and a discriminator, each with its own optimizer and schedule',
  plan: { steps: 8, resumeAt: [3, 5] },
  lacks: ['hooks'],
  trainer: (context) =>
    createLoop(context, {
      model: ring(context.seed),
      optimizers: [optimizer('discriminator', 0.02), optimizer('generator', 0.01)],
      phases: ['discriminator', 'generator'].map((name) => ({
        name,
        trains: (parameter) => parameter.startsWith(name),
      })),
      batch: 8,
      ema: 0.9,
      random: ['noise'],
    }),
});

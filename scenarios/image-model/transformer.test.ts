import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../harness/backend/backend.ts';
import { Gradients } from '../../harness/training/gradients.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import { flowLoss } from './flow.ts';
import { SIZE } from './model.ts';
import { attention, linear, modulatedNorm } from './operations.ts';
import { subject } from './testing/evaluate.ts';
import { transformer } from './transformer.ts';

const CONFIG = { width: 12, blocks: 2, heads: 3, expansion: 2 };
const BATCH = 2;
const TOKENS = 5;
const HEADS = 3;
const DEPTH = 4;
const WIDTH = HEADS * DEPTH;

type Formula = (inputs: tf.Tensor[]) => tf.Tensor;
interface Operation {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly inputs: readonly string[];
  readonly own: Formula;
  readonly plain: Formula;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'linear',
    inputs: ['x', 'weight'],
    shapes: [
      [7, 5],
      [5, 3],
    ],
    own: ([x, weight]) => linear(x as tf.Tensor2D, weight!),
    plain: ([x, weight]) => tf.matMul(x!, weight!),
  },
  {
    name: 'linear with a bias',
    inputs: ['x', 'weight', 'bias'],
    shapes: [[7, 5], [5, 3], [3]],
    own: ([x, weight, bias]) => linear(x as tf.Tensor2D, weight!, bias),
    plain: ([x, weight, bias]) => tf.add(tf.matMul(x!, weight!), bias!),
  },
  {
    name: 'modulatedNorm',
    inputs: ['x', 'shift', 'scale'],
    shapes: [
      [BATCH, TOKENS, WIDTH],
      [BATCH, 1, WIDTH],
      [BATCH, 1, WIDTH],
    ],
    own: ([x, shift, scale]) => modulatedNorm(x!, shift!, scale!),
    plain: ([x, shift, scale]) => {
      const { mean, variance } = tf.moments(x!, -1, true);
      const normal = tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, 1e-6)));
      return tf.add(tf.mul(normal, tf.add(scale!, 1)), shift!);
    },
  },
  {
    name: 'attention',
    inputs: ['qkv'],
    shapes: [[BATCH * TOKENS, 3 * WIDTH]],
    own: ([qkv]) => attention(qkv!, TOKENS, HEADS),
    plain: ([qkv]) => plainAttention(qkv!),
  },
];

/** Computes attention image by image and head by head, as textbooks define it. */
function plainAttention(qkv: tf.Tensor): tf.Tensor {
  const part = (image: number, which: number, head: number): tf.Tensor2D =>
    tf.slice2d(qkv as tf.Tensor2D, [image * TOKENS, which * WIDTH + head * DEPTH], [TOKENS, DEPTH]);
  const mixed = (image: number, head: number): tf.Tensor => {
    const [q, k, v] = [0, 1, 2].map((which) => part(image, which, head));
    const weights = tf.softmax(tf.div(tf.matMul(q!, tf.transpose(k!)), Math.sqrt(DEPTH)));
    return tf.matMul(weights, v!);
  };
  const heads = Array.from({ length: HEADS }, (_, head) => head);
  const images = Array.from({ length: BATCH }, (_, image) => image);
  return tf.concat(
    images.map((image) =>
      tf.concat(
        heads.map((head) => mixed(image, head)),
        1,
      ),
    ),
    0,
  );
}

/** Largest difference, relative to the largest expected magnitude. */
async function difference(seen: tf.Tensor, expected: tf.Tensor): Promise<number> {
  expect(seen.shape).toEqual(expected.shape);
  const [values, wanted] = [await seen.data<'float32'>(), await expected.data<'float32'>()];
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0);
  return values.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0) / largest;
}

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test.each(OPERATIONS)('$name computes its plain formula', async ({ shapes, own, plain }) => {
    const inputs = random(shapes);
    expect(await difference(own(inputs), plain(inputs))).toBeLessThan(1e-6);
  });

  test.each(OPERATIONS)(
    '$name has the gradients of its plain formula',
    async ({ shapes, inputs: names, own, plain }) => {
      const inputs = random(shapes);
      // Squared, so that the incoming gradient differs from element to element.
      const gradientsOf = (formula: Formula) =>
        tf.grads((...inputs: tf.Tensor[]) => tf.sum(tf.square(formula(inputs))))(inputs);
      const expected = gradientsOf(plain);
      for (const [at, gradient] of gradientsOf(own).entries()) {
        expect(await difference(gradient, expected[at]!), `gradient of ${names[at]}`).toBeLessThan(1e-5);
      }
    },
  );
});

function random(shapes: Operation['shapes']): tf.Tensor[] {
  const stream = RandomStream.fromSeed(2);
  return shapes.map((shape) => tf.tensor(stream.gaussian(tf.util.sizeFromShape([...shape])), [...shape]));
}

describe('the transformer', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  test('returns one image per input image, independent of the rest of the batch', async () => {
    const model = transformer(CONFIG);
    const { batch, read } = subject(model, 2);
    const velocity = tf.tidy(() => model.velocity(read, batch.noise, batch.time, batch.label));
    expect(velocity.shape).toEqual([2, SIZE, SIZE]);
    const last = <T extends tf.Tensor>(x: T): T => tf.slice(x, 1, 1);
    const alone = tf.tidy(() => model.velocity(read, last(batch.noise), last(batch.time), last(batch.label)));
    expect(await difference(alone, last(velocity))).toBeLessThan(1e-6);
  });

  test('reads every parameter once, and each gets a gradient', async () => {
    const model = transformer(CONFIG);
    const { variables, batch } = subject(model, 2);
    const gradients = new Gradients();
    const calls = new Map<string, number>();
    for (const [name, variable] of variables) {
      gradients.onAccumulated(variable, () => void calls.set(name, (calls.get(name) ?? 0) + 1));
    }
    gradients.backward((read) => flowLoss(model, (name) => read(variables.get(name)!), batch));
    expect(Object.fromEntries(calls)).toEqual(
      Object.fromEntries([...model.shapes.keys()].map((name) => [name, 1])),
    );
    for (const [name, variable] of variables) {
      const largest = tf.max(tf.abs(gradients.of(variable)!));
      expect((await largest.data())[0], `largest gradient of ${name}`).toBeGreaterThan(0);
    }
  });

  test('refuses a width that is not a multiple of the heads', () => {
    expect(() => transformer({ ...CONFIG, heads: 5 })).toThrow(
      'expected a width that is a multiple of 5 heads, received 12',
    );
  });
});

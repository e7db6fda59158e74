import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { Ema } from './ema.ts';

beforeAll(async () => {
  await openBackend('wasm');
});

const parameter = (name: string, values: number[]) => ({ name, variable: tf.variable(tf.tensor1d(values)) });
const valuesOf = (ema: Ema) => [...ema.tensors].map(([name, t]) => [name, ...t.dataSync()]);

test('follows the weights with a decay of (1 + n) / (10 + n), up to the given decay', () => {
  const w = parameter('w', [1, -2]);
  const ema = new Ema([w], 0.3);
  expect(valuesOf(ema)).toEqual([['w', 1, -2]]);
  let wanted = [1, -2];
  for (let n = 0; n < 8; n++) {
    const weights = [n * n, 3 - n];
    w.variable.assign(tf.tensor1d(weights));
    ema.update([w]);
    const decay = Math.min(0.3, (1 + n) / (10 + n));
    wanted = wanted.map((value, at) => decay * value + (1 - decay) * weights[at]!);
    const [, ...values] = valuesOf(ema)[0]!;
    for (const [at, value] of wanted.entries()) expect(values[at]).toBeCloseTo(value, 4);
  }
  expect(ema.updates).toBe(8);
});

test('starts from the current weights, and a restored EMA continues bit for bit', () => {
  const w = parameter('w', [1, 2]);
  const ema = new Ema([w], 0.999);
  for (const values of [
    [5, 7],
    [0.1, -3],
    [2, 2],
  ]) {
    w.variable.assign(tf.tensor1d(values));
    ema.update([w]);
  }
  const fresh = new Ema([w], 0.999);
  expect(valuesOf(fresh)).toEqual([['w', 2, 2]]);
  const saved = new Map([...ema.tensors].map(([name, tensor]) => [name, tf.tensor1d(tensor.dataSync())]));
  fresh.restore(saved, ema.updates);
  w.variable.assign(tf.tensor1d([9, -9]));
  ema.update([w]);
  fresh.update([w]);
  expect(fresh.updates).toBe(4);
  expect(valuesOf(fresh)).toEqual(valuesOf(ema));
});

test('a tensor restored inside tf.tidy is kept, and the replaced one is freed', () => {
  const w = parameter('w', [1]);
  const ema = new Ema([w], 0.9);
  const { numTensors } = tf.memory();
  tf.tidy(() => ema.restore(new Map([['w', tf.tensor1d([4])]]), 2));
  tf.tidy(() => ema.update([w]));
  expect(tf.memory().numTensors).toBe(numTensors);
  const decay = 3 / 12;
  expect(valuesOf(ema)[0]![1]).toBeCloseTo(decay * 4 + (1 - decay) * 1, 6);
});

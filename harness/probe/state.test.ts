import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import type { Observed } from '../training/trainer.ts';
import { recordState } from './state.ts';

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
/** With 0 in the place of −0. */
const unsigned = (bytes: Uint8Array): Uint8Array => {
  const words = new Uint32Array(bytes.slice().buffer).map((word) => (word === 0x80000000 ? 0 : word));
  return new Uint8Array(words.buffer);
};
const variable = (values: ArrayLike<number>) => tf.variable(tf.tensor1d(Float32Array.from(values)));

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('a digest changes if and only if a bit of its tensor changes, other than the sign of a zero', async () => {
    const bytes = fc.uint8Array({ minLength: 4, maxLength: 16 }).map((all) => all.slice(0, all.length & ~3));
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), async (own, at) => {
        const flipped = own.slice();
        const bit = at % (own.length * 8);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const variables = [own, own, flipped].map((data) => variable(new Float32Array(data.slice().buffer)));
        const parameters = variables.map((one, index) => ({ name: `p${index}`, variable: one }));
        const { tensors } = await recordState('save', 1, { parameters });
        tf.dispose(variables);
        expect(tensors.map((tensor) => tensor.digest)).toEqual(
          [own, own, flipped].map((data) => sha256(unsigned(data))),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('holds everything that the trainer holds, by kind and parameter', async () => {
    const [weight, frozen] = [variable([3, 4]), variable([1])];
    frozen.trainable = false;
    const observed: Observed = {
      parameters: [
        { name: 'weight', variable: weight, group: 'main' },
        { name: 'frozen', variable: frozen },
      ],
      slots: [{ slot: 'exp_avg', parameter: 'weight', tensor: tf.tensor2d([[0, -2]]) }],
      ema: new Map([['weight', tf.tensor1d([1, 1])]]),
      buffers: new Map([['positions', tf.tensor1d([1, 2, 3], 'int32')]]),
      gradients: new Map([['weight', tf.tensor1d([Number.NaN, 0])]]),
      random: { noise: 'state a', shuffle: 'state b' },
      counters: { step: 7, epoch: null, mode: 'train', scaled: false },
    };
    const { tensors, ...state } = await recordState('resume', 7, observed);
    expect(state).toEqual({
      kind: 'state',
      at: 'resume',
      step: 7,
      random: { noise: sha256('state a'), shuffle: sha256('state b') },
      counters: { step: 7, epoch: null, mode: 'train', scaled: false },
    });
    expect(tensors.map(({ bits }) => bits)).toEqual([2, 1, 1, 1, undefined, 2]);
    expect(tensors.map(({ digest, unordered, storage, sketch, bits, ...tensor }) => tensor)).toEqual([
      {
        kind: 'parameter',
        name: 'weight',
        group: 'main',
        trainable: true,
        shape: [2],
        dtype: 'float32',
        l2: 5,
      },
      { kind: 'parameter', name: 'frozen', trainable: false, shape: [1], dtype: 'float32', l2: 1 },
      { kind: 'slot', name: 'weight.exp_avg', parameter: 'weight', shape: [1, 2], dtype: 'float32', l2: 2 },
      { kind: 'ema', name: 'weight', parameter: 'weight', shape: [2], dtype: 'float32', l2: Math.SQRT2 },
      { kind: 'buffer', name: 'positions', shape: [3], dtype: 'int32', l2: Math.sqrt(14) },
      { kind: 'gradient', name: 'weight', parameter: 'weight', shape: [2], dtype: 'float32', l2: Number.NaN },
    ]);
    expect(tensors[4]!.sketch?.map(Math.abs).every((sum) => [0, 2, 4, 6].includes(sum))).toBe(true);
    expect(tensors[4]!.digest).toBe(sha256(new Uint8Array(Int32Array.of(1, 2, 3).buffer)));
    expect(new Set(tensors.map(({ storage }) => storage)).size, 'no ties').toBe(6);
  });

  test('names of one variable share their storage, and no others do', async () => {
    const tied = variable([1, 2]);
    const cloned = tf.variable(tied);
    const equal = variable([1, 2]);
    const observed: Observed = {
      parameters: [
        { name: 'embedding', variable: tied },
        { name: 'head', variable: tied },
        { name: 'cloned', variable: cloned },
        { name: 'equal', variable: equal },
      ],
    };
    expect(cloned.dataId, 'until one is written').toBe(tied.dataId);
    const storages = async () =>
      (await recordState('end', 1, observed)).tensors.map(({ storage }) => storage);
    expect(await storages()).toEqual([0, 0, 1, 2]);
    tied.assign(tf.tensor1d([1, 2]));
    expect(await storages()).toEqual([0, 0, 1, 2]);
  });
});

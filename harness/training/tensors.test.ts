import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { toTensor, toTensorMap } from './tensors.ts';

/** Any bit pattern, including NaNs with a payload, −0 and subnormal numbers. */
const tensors = fc
  .record({
    dtype: fc.constantFrom('F32' as const, 'I32' as const),
    shape: fc.array(fc.nat(3), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = 4 * shape.reduce((product, size) => product * size, 1);
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => ({ dtype, shape, bytes: Uint8Array.from(bytes) }));
  });

describe.each(['cpu', 'wasm'])('on %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('a loaded tensor saved again has the same bytes, dtype and shape', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(tensors, { maxLength: 4 }), async (list) => {
        const wanted = new Map(list.map((data, index) => [`t${index}`, data]));
        const live = new Map([...wanted].map(([name, data]) => [name, toTensor(data)]));
        const saved = await toTensorMap(live);
        tf.dispose([...live.values()]);
        expect(saved).toEqual(wanted);
      }),
    );
  });

  test('bytes and tensors do not share memory', async () => {
    const bytes = new Uint8Array(new Float32Array([1, 2]).buffer);
    const variable = tf.variable(toTensor({ dtype: 'F32', shape: [2], bytes }));
    bytes.fill(0);
    expect([...variable.dataSync()]).toEqual([1, 2]);
    const save = async () => (await toTensorMap([['w', variable]])).get('w')!.bytes;
    (await save()).fill(0);
    expect([...variable.dataSync()]).toEqual([1, 2]);
    const saved = await save();
    variable.assign(tf.tensor1d([8, 9]));
    // On wasm these reuse the freed memory.
    for (let n = 0; n < 20; n++) tf.add(variable, n).dispose();
    expect(new Float32Array(saved.slice().buffer)).toEqual(new Float32Array([1, 2]));
  });

  test('a tensor that cannot be saved is reported with its dtype', async () => {
    const flags = tf.tensor1d([true, false], 'bool');
    await expect(toTensorMap([['mask', flags]])).rejects.toThrow(
      "cannot save tensor 'mask': expected float32 or int32, received bool; cast it first",
    );
    expect(() => toTensor({ dtype: 'BF16', shape: [1], bytes: new Uint8Array(2) })).toThrow(
      'cannot load a tensor of dtype BF16: expected F32 or I32',
    );
  });
});

import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { missingKernels, openBackend } from '../../harness/backend/backend.ts';
import { RandomStream } from '../../harness/training/random-stream.ts';
import { createVariables, randomly, SIZE } from './model.ts';
import { evaluate, subject } from './testing/evaluate.ts';
import { BASE_UNET, UNET_KERNELS, unet } from './unet.ts';

const model = unet(BASE_UNET);

const largestAt = (values: readonly number[]): number =>
  values.reduce((best, value, at) => (Math.abs(value) > Math.abs(values[best]!) ? at : best), 0);

describe('on cpu', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  test('the velocity has one image per input image', () => {
    const { batch, read } = subject(model, 2);
    const velocity = tf.tidy(() => model.velocity(read, batch.noise, batch.time, batch.label));
    expect(velocity.shape).toEqual([2, SIZE, SIZE]);
    expect(velocity.dtype).toBe('float32');
  });

  test('the velocity depends on time and class', async () => {
    const { batch, read } = subject(model, 2);
    const { noise, time, label } = batch;
    const draw = (time: tf.Tensor1D, label: tf.Tensor1D) =>
      tf.tidy(() => model.velocity(read, noise, time, label)).data();
    const usual = await draw(time, label);
    expect(await draw(tf.tensor1d([0.1, 0.9]), label), 'at another time').not.toEqual(usual);
    expect(await draw(time, tf.tensor1d([0, 5], 'int32')), 'for another class').not.toEqual(usual);
  });

  test('the skip connection carries the image past the lower level', async () => {
    const { variables, batch, read } = subject(model, 1);
    const draw = (noisy: tf.Tensor3D) =>
      tf.tidy(() => model.velocity(read, noisy, batch.time, batch.label)).data();
    const up = variables.get('up.weight')!;
    up.assign(tf.zerosLike(up));
    expect(await draw(batch.images)).not.toEqual(await draw(batch.noise));
  });

  test('a model from scratch starts with zero velocity and zero modulation, and no other weight is zero', () => {
    const variables = createVariables(model, randomly(RandomStream.fromSeed(1)));
    const { batch } = subject(model, 1);
    const velocity = tf.tidy(() =>
      model.velocity((name) => variables.get(name)!, batch.noise, batch.time, batch.label),
    );
    expect(Math.hypot(...velocity.dataSync())).toBe(0);
    const zero = [...variables].filter(([, variable]) => Math.hypot(...variable.dataSync()) === 0);
    expect(zero.map(([name]) => name)).toEqual([
      'modulation.weight',
      'modulation.bias',
      'final.weight',
      'final.bias',
    ]);
  });

  test('each gradient is the slope of the loss', async () => {
    const { variables, loss } = subject(model, 1);
    const { gradients } = await evaluate(model, 1);
    const at = (variable: tf.Variable, index: number, by: number): number => {
      const before = variable.clone();
      const values = Float32Array.from(before.dataSync());
      values[index]! += by;
      variable.assign(tf.tensor(values, variable.shape));
      const [value] = loss().dataSync();
      variable.assign(before);
      return value!;
    };
    expect([...variables.keys()]).toEqual(Object.keys(gradients));
    for (const [name, variable] of variables) {
      // Rounding disturbs the slope least where the gradient is largest.
      const index = largestAt(gradients[name]!);
      const step = 1e-3;
      const slope = (at(variable, index, step) - at(variable, index, -step)) / (2 * step);
      expect(slope / gradients[name]![index]!, `${name}[${index}]: slope over gradient`).toBeCloseTo(1, 1);
    }
  });

  test('a backend with the kernels of wasm and UNET_KERNELS can train it', async () => {
    const { variables, loss } = subject(model, 1);
    const { kernelNames } = await tf.profile(() => tf.variableGrads(loss, [...variables.values()]).value);
    // `kernelNames` includes custom gradients, which are not kernels.
    const kernels = kernelNames.filter((name) => missingKernels('cpu', [name]).length === 0);
    await openBackend('wasm');
    const lacking = missingKernels('wasm', kernels);
    await openBackend('cpu');
    expect(kernels).toEqual(expect.arrayContaining([...UNET_KERNELS]));
    expect(lacking).toEqual(missingKernels('wasm', UNET_KERNELS));
  });
});

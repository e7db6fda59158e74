import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { missingKernels, openBackend } from '../../harness/backend/backend.ts';
import { probeBackend } from '../../harness/backend/probe.ts';
import { RandomStream } from '../../harness/training/random.ts';
import { createVariables, randomly, SIZE } from './model.ts';
import { type Evaluation, evaluate, MARK, subject } from './testing/evaluate.ts';
import { BASE_UNET, UNET_KERNELS, unet } from './unet.ts';

const webgpu = await probeBackend('webgpu');
// Only for want of an adapter: any other problem of webgpu must be seen to fail.
const noAdapter = /finds no adapter|needs the package/.test(webgpu.problem ?? '');
const model = unet(BASE_UNET);

const largestAt = (values: readonly number[]): number =>
  values.reduce((best, value, at) => (Math.abs(value) > Math.abs(values[best]!) ? at : best), 0);
const norm = (values: readonly number[]): number => Math.hypot(...values);

describe('on cpu', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  test('the velocity is a picture for each picture', () => {
    const { batch, read } = subject(model, 2);
    const velocity = tf.tidy(() => model.velocity(read, batch.noise, batch.time, batch.label));
    expect(velocity.shape).toEqual([2, SIZE, SIZE]);
    expect(velocity.dtype).toBe('float32');
  });

  test('time and class both matter', async () => {
    const { batch, read } = subject(model, 2);
    const { noise, time, label } = batch;
    const draw = (time: tf.Tensor1D, label: tf.Tensor1D) =>
      tf.tidy(() => model.velocity(read, noise, time, label)).data();
    const usual = await draw(time, label);
    expect(await draw(tf.tensor1d([0.1, 0.9]), label), 'at another time').not.toEqual(usual);
    expect(await draw(time, tf.tensor1d([0, 5], 'int32')), 'for another class').not.toEqual(usual);
  });

  test('the picture reaches the way up beside the way down, too', async () => {
    const { variables, batch, read } = subject(model, 1);
    const draw = (noisy: tf.Tensor3D) =>
      tf.tidy(() => model.velocity(read, noisy, batch.time, batch.label)).data();
    const up = variables.get('up.weight')!;
    up.assign(tf.zerosLike(up));
    expect(await draw(batch.pictures)).not.toEqual(await draw(batch.noise));
  });

  test('a model from scratch begins with the velocity 0 and plain modulation, but no other weight is 0', () => {
    const variables = createVariables(model, randomly(RandomStream.fromSeed(1)));
    const { batch } = subject(model, 1);
    const velocity = tf.tidy(() =>
      model.velocity((name) => variables.get(name)!, batch.noise, batch.time, batch.label),
    );
    expect(norm([...velocity.dataSync()])).toBe(0);
    const zero = [...variables].filter(([, variable]) => norm([...variable.dataSync()]) === 0);
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
      // Where the gradient is largest, rounding disturbs the slope least.
      const index = largestAt(gradients[name]!);
      const step = 1e-3;
      const slope = (at(variable, index, step) - at(variable, index, -step)) / (2 * step);
      expect(slope / gradients[name]![index]!, `${name}[${index}]: slope over gradient`).toBeCloseTo(1, 1);
    }
  });

  test('a backend that has UNET_KERNELS beside those of wasm can train it', async () => {
    const { variables, loss } = subject(model, 1);
    const { kernelNames } = await tf.profile(() => tf.variableGrads(loss, [...variables.values()]).value);
    // Custom gradients are among the names.
    const kernels = kernelNames.filter((name) => missingKernels('cpu', [name]).length === 0);
    await openBackend('wasm');
    const lacking = missingKernels('wasm', kernels);
    await openBackend('cpu');
    expect(kernels).toEqual(expect.arrayContaining([...UNET_KERNELS]));
    expect(lacking).toEqual(missingKernels('wasm', UNET_KERNELS));
  });
});

describe(`webgpu${noAdapter ? ` (skipped: ${webgpu.problem}; ${webgpu.remedy})` : ''}`, () => {
  // SwiftShader compiles each shader anew, which takes long on a busy machine.
  const options = { skip: noAdapter, timeout: 150_000 };
  test('velocity, loss and every gradient agree with cpu to rounding', options, async () => {
    const [own, cpu] = await Promise.all([evaluateOn('webgpu'), evaluateOn('cpu')]);
    expect(Math.abs(own.loss / cpu.loss - 1), 'loss').toBeLessThan(1e-5);
    expectClose(own.velocity, cpu.velocity, 'velocity');
    expect(Object.keys(own.gradients)).toEqual([...model.shapes.keys()]);
    for (const name of model.shapes.keys()) expectClose(own.gradients[name]!, cpu.gradients[name]!, name);
  });
});

async function evaluateOn(backend: string): Promise<Evaluation> {
  const file = path.join(import.meta.dirname, 'testing', 'evaluate.ts');
  const options = { maxBuffer: 16e6, timeout: 120_000, killSignal: 'SIGKILL' as const };
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', file, backend], options);
  const line = stdout.split('\n').find((each) => each.startsWith(MARK));
  return JSON.parse(line!.slice(MARK.length));
}

/** The difference's norm is rounding against the norm of what is expected. */
function expectClose(values: readonly number[], expected: readonly number[], what: string): void {
  expect(values.length, what).toBe(expected.length);
  const difference = norm(values.map((value, at) => value - expected[at]!));
  expect(norm(expected), `${what} is not all zero`).toBeGreaterThan(0);
  expect(difference / norm(expected), `${what}: relative difference to cpu`).toBeLessThan(1e-5);
}

import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { replaceKernel } from '../backend/observe-kernels.ts';
import { casesFor } from './cases.ts';
import type { KernelCheck } from './kernel-check.ts';
import { verifyKernels } from './kernels.ts';
import { describe as inWords } from './sentence.ts';

const named = (checks: readonly KernelCheck[], outcome: KernelCheck['outcome']): string[] =>
  checks.filter((check) => check.outcome === outcome).map(({ kernel }) => kernel);

describe('finds a broken kernel', () => {
  beforeAll(async () => void (await openBackend('cpu')));
  let restore = (): void => {};
  afterEach(() => restore());

  /** Makes `change` alter the first output of a cpu kernel. */
  function spoil(kernel: string, change: (values: Float32Array) => void): void {
    const config = tf.getKernel(kernel, 'cpu');
    replaceKernel({
      ...config,
      kernelFunc: (params) => {
        const result = config.kernelFunc(params);
        const [first] = [result].flat();
        // Copies the values, because a kernel may return its input's data.
        const values = (tf.backend().readSync(first!.dataId) as Float32Array).slice();
        change(values);
        const backend = params.backend as tf.KernelBackend;
        const spoilt = { ...first!, dataId: backend.write(values, first!.shape, first!.dtype) };
        return Array.isArray(result) ? [spoilt, ...result.slice(1)] : spoilt;
      },
    });
    restore = () => replaceKernel(config);
  }

  const verified = (kernel: string) => verifyKernels('cpu', casesFor(new Set([kernel])));

  test.each([
    'Multiply',
    'RealDiv',
    'Sqrt',
    'Rsqrt',
    'Sigmoid',
    'Sin',
    'Softmax',
    'Transpose',
    'Concat',
    'Relu',
  ])('%s with one element off by a factor of 1 + 1e-5', async (kernel) => {
    spoil(kernel, (values) => {
      values[values.length - 1]! *= 1 + 1e-5;
    });
    const checks = await verified(kernel);
    const check = checks.find((each) => each.kernel === kernel)!;
    expect(check.outcome).toBe('wrong');
    expect(inWords(check)).toMatch(new RegExp(`^${kernel} in .*expected .*, got `));
    // No other kernel: the others compute correctly from the wrong output.
    expect(named(checks, 'wrong')).toEqual([kernel]);
  });

  test.each([
    'BatchMatMul',
    '_FusedMatMul',
    'Conv2D',
    'Conv2DBackpropInput',
    'Conv2DBackpropFilter',
    'Sum',
    'Mean',
    'MaxPoolGrad',
    'UnsortedSegmentSum',
  ])('%s with the sign flipped', async (kernel) => {
    spoil(kernel, (values) => {
      for (const index of values.keys()) values[index]! *= -1;
    });
    expect(named(await verified(kernel), 'wrong')).toEqual([kernel]);
  });

  test('one that returns NaN, and one that throws', async () => {
    spoil('Exp', (values) => values.fill(Number.NaN, 0, 1));
    const [exp] = await verified('Exp');
    expect(exp).toMatchObject({ kernel: 'Exp', outcome: 'wrong', worst: { got: null } });
    restore();
    spoil('Log', () => {
      throw new Error('the shader does not compile');
    });
    const checks = await verified('Log');
    expect(checks.find(({ kernel }) => kernel === 'Log')).toMatchObject({
      outcome: 'failed',
      problem: 'the shader does not compile',
    });
  });
});

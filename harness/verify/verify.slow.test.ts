import { expect, test } from 'vitest';
import { COVERED } from './cases.ts';
import type { KernelCheck } from './kernel-check.ts';
import { REFERENCES } from './reference/index.ts';
import { verifyBackend } from './verify.ts';

const named = (checks: readonly KernelCheck[], outcome: KernelCheck['outcome']): string[] =>
  checks.filter((check) => check.outcome === outcome).map(({ kernel }) => kernel);

test('all kernels that the cases cover have a reference', () => {
  expect([...COVERED].filter((kernel) => !REFERENCES.has(kernel))).toEqual([]);
});

// The wrong kernels of TensorFlow.js 4.22; see docs/kernels.md. If a new version fixes one, update the docs too.
test.each([
  ['cpu', ['AvgPoolGrad', 'ResizeBilinearGrad', 'ResizeNearestNeighborGrad'], []],
  [
    'wasm',
    ['AvgPoolGrad', 'MaxPoolGrad'],
    [
      'Conv2DBackpropFilter',
      'DepthwiseConv2dNativeBackpropFilter',
      'DepthwiseConv2dNativeBackpropInput',
      'UnsortedSegmentSum',
    ],
  ],
])('finds the wrong kernels of %s and no others', async (backend, wrong, missing) => {
  const { problem, checks } = await verifyBackend({ backend, kernels: null });
  expect(problem).toBeNull();
  expect(named(checks, 'wrong')).toEqual(wrong);
  expect(named(checks, 'missing')).toEqual(missing);
  const rest: KernelCheck['outcome'][] = ['specification', 'unverified', 'failed'];
  expect(rest.flatMap((outcome) => named(checks, outcome))).toEqual([]);
});

test('a kernel that no case runs is reported as unverified', async () => {
  const { checks } = await verifyBackend({ backend: 'cpu', kernels: ['Cumsum', 'Fill'] });
  expect(checks.find(({ kernel }) => kernel === 'Cumsum')).toMatchObject({
    outcome: 'unverified',
    problem: 'no case runs it',
  });
  expect(checks.find(({ kernel }) => kernel === 'Fill')?.outcome).toBe('exact');
});

test('an unknown backend is reported in one line', async () => {
  const { problem, checks } = await verifyBackend({ backend: 'abacus', kernels: null });
  expect(problem).toMatch(/^unknown backend 'abacus'/);
  expect(checks).toEqual([]);
});

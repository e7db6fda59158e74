import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../backend/backend.ts';
import { measurements } from './measure.ts';
import type { Change } from './measurements.ts';
import { CHANGES } from './testing/changes.ts';

/** The reference, in plain numbers. */
function changeOf(now: Float32Array, before: Float32Array): Change {
  const l2 = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
  return {
    l2: l2([...now]),
    updateL2: l2([...now].map((value, at) => value - before[at]!)),
    changed: now.some((value, at) => value !== before[at]),
  };
}

/** Compares with the reference: norms to `relative`, NaN and infinities exactly. */
function expectChange(measured: Change, wanted: Change, relative: number, what = ''): void {
  expect(measured.changed, `${what} changed`).toBe(wanted.changed);
  for (const key of ['l2', 'updateL2'] as const) {
    if (!Number.isFinite(wanted[key]) || wanted[key] === 0)
      expect(measured[key], `${what} ${key}`).toBe(wanted[key]);
    else expect(Math.abs(measured[key] / wanted[key] - 1), `${what} ${key}`).toBeLessThan(relative);
  }
}

async function measured(now: Float32Array, before: Float32Array): Promise<{ change: Change; l2: number }> {
  const [own, old] = [tf.tensor1d(now), tf.tensor1d(before)];
  const measure = measurements();
  const [change, l2] = [measure.change(own, old), measure.l2(own)];
  await measure.collect();
  tf.dispose([own, old]);
  return { change: change(), l2: l2() };
}

/** Pairs with mostly equal values, as in a step that changed little. */
const pairs = (value: fc.Arbitrary<number>) =>
  fc
    .array(fc.tuple(value, fc.option(value, { freq: 2 })), { minLength: 1, maxLength: 40 })
    .map(
      (list) =>
        [
          Float32Array.from(list.map(([now]) => now)),
          Float32Array.from(list.map(([now, old]) => old ?? now)),
        ] as const,
    );

describe.each(['cpu', 'wasm'])('in the memory of %s', (backend) => {
  beforeAll(async () => {
    await openBackend(backend);
  });

  test('a change is measured as defined, for any float32 values', async () => {
    await fc.assert(
      fc.asyncProperty(pairs(fc.float()), async ([now, before]) => {
        const { change, l2 } = await measured(now, before);
        expectChange(change, changeOf(now, before), 1e-12);
        expect(l2).toBe(change.l2);
      }),
      { numRuns: 150 },
    );
  });
});

describe('on a device outside this process’ memory', () => {
  // The cpu backend's kernels under a name that does not reveal its tensors' memory.
  beforeAll(async () => {
    await openBackend('cpu');
    tf.registerBackend('remote', tf.findBackendFactory('cpu'));
    tf.copyRegisteredKernels('cpu', 'remote');
    await tf.setBackend('remote');
  });

  test('a change is measured as defined, to float32’s precision', async () => {
    // Squares must stay within float32's range.
    const value = fc.float({ min: -1e6, max: 1e6, noNaN: true }).map((x) => (Math.abs(x) < 1e-6 ? 0 : x));
    await fc.assert(
      fc.asyncProperty(pairs(value), async ([now, before]) => {
        const { change, l2 } = await measured(now, before);
        const wanted = changeOf(now, before);
        fc.pre(wanted.updateL2 === 0 || wanted.updateL2 > 1e-12);
        expectChange(change, wanted, 1e-5);
        expect(l2).toBeCloseTo(change.l2, 5);
      }),
      { numRuns: 100 },
    );
  });

  test('a change whose square is below float32’s range still counts', async () => {
    const { change } = await measured(Float32Array.of(1, 1e-30), Float32Array.of(1, 2e-30));
    expect(change).toMatchObject({ updateL2: 0, changed: true });
  });

  test('measurements of several rounds stay separate, and no tensor leaks', async () => {
    const [small, large] = [tf.tensor1d([3, 4]), tf.tensor2d([5, 0, 0, -12], [2, 2])];
    const { numTensors } = tf.memory();
    const measure = measurements();
    const first = measure.l2(small);
    const second = measure.change(large, large);
    await measure.collect();
    expect(first()).toBe(5);
    expect(second()).toEqual({ l2: 13, updateL2: 0, changed: false });
    const third = measure.l2(large);
    await measure.collect();
    expect(third()).toBe(13);
    await measure.collect();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

test.for(['webgpu', 'node-gpu'])('%s measures the same as a backend in memory', async (name, { skip }) => {
  const module = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  // Run in its own process, because Dawn keeps threads. NaN is sent as a string.
  const program = `
    import { openBackend } from ${module('../backend/backend.ts')};
    import { measurements } from ${module('./measure.ts')};
    import { CHANGES } from ${module('./testing/changes.ts')};
    const text = (_, value) => (typeof value === 'number' ? String(value) : value);
    const say = (value) => process.stdout.write('> ' + JSON.stringify(value, text) + '\\n');
    const backend = await openBackend('${name}').catch((error) => say({ refused: error.message }) && process.exit());
    const tf = await import('@tensorflow/tfjs-core');
    const measure = measurements();
    const pending = CHANGES.map(([, now, before]) => {
      const own = tf.tensor1d(now);
      return [measure.change(own, tf.tensor1d(before)), measure.l2(own)];
    });
    await measure.collect();
    say(pending.map(([change, l2]) => ({ ...change(), alone: l2() })));
    backend.assertStillActive();
    await backend.close();
    process.exit();`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program],
    { timeout: 60_000, killSignal: 'SIGKILL', cwd: import.meta.dirname },
  );
  const said = JSON.parse(/^> (.*)$/m.exec(stdout)![1]!);
  // Skip only without an adapter or the package: any other problem must fail here.
  if (/finds no adapter|needs the package/.test(said.refused ?? '')) skip(said.refused);
  expect(said.refused).toBeUndefined();
  for (const [index, [what, now, before]] of CHANGES.entries()) {
    const { changed, ...texts } = said[index];
    const norms = Object.fromEntries(
      Object.entries(texts).map(([key, text]) => [key, Number(text)]),
    ) as unknown as Change & { alone: number };
    expectChange({ ...norms, changed }, changeOf(now, before), 1e-5, what);
    expect(norms.alone, what).toBe(norms.l2);
  }
});

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { inspectBackend } from '../../harness/backend/inspect.ts';
import { type Evaluation, MARK } from './testing/evaluate.ts';
import { BASE_UNET, unet } from './unet.ts';

const webgpu = await inspectBackend('webgpu');
// Skip only if there is no adapter. Any other problem of webgpu must fail the test.
const noAdapter = /finds no adapter|needs the package/.test(webgpu.problem ?? '');
const model = unet(BASE_UNET);
const norm = (values: readonly number[]): number => Math.hypot(...values);

describe(`webgpu${noAdapter ? ` (skipped: ${webgpu.problem}; ${webgpu.fix})` : ''}`, () => {
  // SwiftShader compiles every shader in each process, which is slow on a busy machine.
  const options = { skip: noAdapter, timeout: 150_000 };
  test('velocity, loss and every gradient agree with cpu up to rounding', options, async () => {
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

/** The norm of the difference must be within rounding of the expected norm. */
function expectClose(values: readonly number[], expected: readonly number[], what: string): void {
  expect(values.length, what).toBe(expected.length);
  const difference = norm(values.map((value, at) => value - expected[at]!));
  expect(norm(expected), `${what} is not all zero`).toBeGreaterThan(0);
  expect(difference / norm(expected), `${what}: relative difference to cpu`).toBeLessThan(1e-5);
}

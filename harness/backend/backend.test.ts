import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BackendError, missingKernels, openBackend } from './backend.ts';
import { inspectBackend, inspectBackends } from './inspect.ts';

const SOURCE = new URL('./backend.ts', import.meta.url).href;

interface Ended {
  readonly code: number | string | null;
  readonly said: readonly unknown[];
  readonly stderr: string;
}

/** Runs statements that use openBackend and tf in a fresh Node process; `code` is null if it had to be killed. */
function runNode(statements: string, env: Record<string, string> = {}): Promise<Ended> {
  const program = `
    import { openBackend } from '${SOURCE}';
    const tf = await import('@tensorflow/tfjs-core');
    const say = (value) => process.stdout.write('> ' + JSON.stringify(value) + '\\n');
    ${statements}`;
  const args = ['--no-warnings', '--input-type=module', '-e', program];
  return new Promise((resolve) => {
    const options = {
      env: { ...process.env, ...env },
      timeout: 30_000,
      killSignal: 'SIGKILL' as const,
      cwd: import.meta.dirname,
    };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      // Dawn also prints to stdout.
      const said = [...stdout.matchAll(/^> (.*)$/gm)].map(([, line]) => JSON.parse(line!));
      resolve({ code: error === null ? 0 : error.killed ? null : (error.code ?? null), said, stderr });
    });
  });
}

const reports = await inspectBackends();
const report = Object.fromEntries(reports.map((one) => [one.name, one]));
const hardware = reports.find((one) => one.usable && one.hardware);
const webgpu = report.webgpu!;

async function refusal(work: Promise<unknown>): Promise<BackendError> {
  const error = await work.then(
    () => expect.fail('it was opened'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(BackendError);
  expect((error as BackendError).message).not.toContain('\n');
  return error as BackendError;
}

describe('processor backends', () => {
  test.each([
    ['wasm', /WebAssembly.*1 thread$/],
    ['cpu', /^CPU, JavaScript/],
  ])('%s opens, records what it got, and trains', async (name, adapter) => {
    const backend = await openBackend(name);
    onTestFinished(() => backend.close());
    expect(backend.record).toMatchObject({ requested: name, name, hardware: false, deterministic: true });
    expect(backend.record.adapter).toMatch(adapter);
    expect(backend.record.versions).toMatchObject({
      node: process.versions.node,
      [`tfjs-backend-${name}`]: tf.version_core,
    });
    const weight = tf.variable(tf.scalar(3));
    const { grads } = tf.variableGrads(() => tf.square(weight));
    expect([...(await grads[weight.name]!.data())]).toEqual([6]);
  });

  test('a backend that is no longer active is reported', async () => {
    const backend = await openBackend('wasm');
    backend.assertStillActive();
    await openBackend('cpu');
    expect(() => backend.assertStillActive()).toThrow(
      'the run was opened on wasm, but TensorFlow.js now uses cpu',
    );
  });

  test('missing kernels are named', async () => {
    await openBackend('wasm');
    expect(missingKernels('wasm', ['MatMul', 'BatchMatMul', 'Conv2DBackpropFilter'])).toEqual([
      'MatMul',
      'Conv2DBackpropFilter',
    ]);
  });
});

describe('unavailable backends are refused', () => {
  test('an unknown name, with the known names', async () => {
    const error = await refusal(openBackend('cuda'));
    expect(error.code).toBe('unknown-backend');
    expect(error.message).toContain("unknown backend 'cuda'; use one of auto, node-gpu, webgpu, wasm, cpu");
  });

  test.each(['wasm', 'cpu'])('%s if a GPU is required', async (name) => {
    expect((await refusal(openBackend(name, { requireGpu: true }))).code).toBe('gpu-required');
  });

  test.skipIf(hardware)('auto, and webgpu on a software adapter, if a GPU is required', async () => {
    const auto = await refusal(openBackend('auto', { requireGpu: true }));
    expect(auto.code).toBe('gpu-required');
    expect(auto.fix).toMatch(/resumeproof.* doctor$/);
    expect((await refusal(openBackend('webgpu', { requireGpu: true }))).code).toBe('gpu-required');
  });

  test('node-gpu that is absent or cannot be loaded, with the command that installs it', async () => {
    const refused = async (request: string, outcome: string): Promise<readonly unknown[]> => {
      const { said, stderr } = await runNode(`
        const { registerHooks } = await import('node:module');
        registerHooks({ resolve: (name, context, next) => {
          if (!name.includes('${request}')) return next(name, context);
          ${outcome}
        } });
        await openBackend('node-gpu').catch(({ code, message }) => say([code, message]));`);
      expect(said, stderr).toHaveLength(1);
      return said[0] as readonly unknown[];
    };
    const absent =
      'throw Object.assign(new Error("Cannot find package \'" + name + "\'"), { code: \'ERR_MODULE_NOT_FOUND\' });';
    expect(await refused('tfjs-node-gpu', absent)).toEqual([
      'not-installed',
      'node-gpu needs the package @tensorflow/tfjs-node-gpu; to fix it: npm run setup:node-gpu',
    ]);
    const broken =
      'return { url: \'data:text/javascript,throw new Error("no%20addon")\', shortCircuit: true };';
    expect(await refused('tfjs-node-gpu', broken)).toEqual([
      'not-installed',
      '@tensorflow/tfjs-node-gpu cannot be loaded: no addon; to fix it: npm run setup:node-gpu',
    ]);
  });

  test.runIf(report['node-gpu']!.usable && !report['node-gpu']!.hardware)(
    'node-gpu without a CUDA device if a GPU is required',
    async () => {
      const { said } = await runNode(
        `await openBackend('node-gpu', { requireGpu: true }).catch(({ code, message }) => say([code, message]));`,
      );
      expect(said[0]).toEqual(['gpu-required', expect.stringContaining('node-gpu has no CUDA device')]);
    },
  );

  test('webgpu without an adapter, and the process exits on its own', async () => {
    const { code, said, stderr } = await runNode(
      `await openBackend('webgpu').catch(({ code, message }) => say([code, message]));`,
      { VK_DRIVER_FILES: '/nowhere.json' },
    );
    expect(code, stderr).toBe(0);
    expect(said[0]).toEqual(['no-adapter', expect.stringMatching(/\/nowhere\.json; to fix it: unset /)]);
  });
});

test('auto picks a hardware GPU or wasm, never a software GPU', async () => {
  const { code, said, stderr } = await runNode(`
    const backend = await openBackend('auto');
    say(backend.record);
    await backend.close();`);
  expect(code, stderr).toBe(0);
  expect(said[0]).toMatchObject(
    hardware ? { requested: 'auto', hardware: true } : { requested: 'auto', name: 'wasm', hardware: false },
  );
});

// Skip only if the package or an adapter is missing. Any other problem must fail the tests.
const noAdapter = /finds no adapter|needs the package/.test(webgpu.problem ?? '');

describe(`webgpu${noAdapter ? ` (skipped: ${webgpu.problem}; ${webgpu.fix})` : ''}`, () => {
  const testWithAdapter = test.skipIf(noAdapter);

  testWithAdapter('trains, records its adapter, reopens, and lets the process exit', async () => {
    const { code, said, stderr } = await runNode(`
      for (const round of [1, 2]) {
        const backend = await openBackend('webgpu');
        const weights = tf.variable(tf.tensor1d([1, 2]));
        tf.train.sgd(0.125).minimize(() => tf.sum(tf.square(weights)));
        say([...(await weights.data())]);
        backend.assertStillActive();
        say(backend.record);
        const { device } = tf.backend();
        await backend.close();
        const { reason } = await device.lost;
        const told = await Promise.race([backend.lost, Promise.resolve('nothing')]);
        say([reason, navigator.gpu === undefined, told]);
      }
      say(process.env.VK_DRIVER_FILES ?? null);`);
    expect(code, `null: it did not exit on its own; ${stderr}`).toBe(0);
    const [first, record, freed, second, , , driverFiles] = said;
    expect([first, second]).toEqual([
      [0.75, 1.5],
      [0.75, 1.5],
    ]);
    expect(freed, 'after close').toEqual(['destroyed', true, 'nothing']);
    expect(record).toMatchObject({
      requested: 'webgpu',
      name: 'webgpu',
      adapter: webgpu.device,
      hardware: !/swiftshader|llvmpipe/i.test(webgpu.device!),
      deterministic: false,
      versions: { webgpu: expect.stringMatching(/^\d/), 'tfjs-backend-webgpu': tf.version_core },
    });
    expect(driverFiles).toBe(process.env.VK_DRIVER_FILES ?? null);
  });

  testWithAdapter('a device error and kernels forwarded to the CPU are reported', async () => {
    const { code, said, stderr } = await runNode(`
      const backend = await openBackend('webgpu');
      const complaint = () => { try { backend.assertStillActive(); return null; } catch (error) { return error.message; } };
      say(complaint());
      tf.env().set('WEBGPU_CPU_FORWARD', true);
      say(complaint());
      tf.env().set('WEBGPU_CPU_FORWARD', false);
      tf.backend().device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.STORAGE });
      say(await backend.lost);
      say(complaint());
      await backend.close();`);
    expect(code, stderr).toBe(0);
    const [sound, forwarded, lost, complaint] = said;
    expect(sound).toBeNull();
    expect(forwarded).toContain('WEBGPU_CPU_FORWARD');
    expect(lost).toMatch(/^error on the device: Buffer size \(1125899906842624\)/);
    expect(complaint).toContain(lost);
  });

  testWithAdapter('a lost device is reported', async () => {
    const { said } = await runNode(`
      const backend = await openBackend('webgpu');
      tf.backend().device.destroy();
      say(await backend.lost);
      await backend.close();`);
    expect(said[0]).toMatch(/^destroyed: /);
  });
});

describe('probing', () => {
  test('reports for every backend that it trained to the known weights, or why not', () => {
    expect(reports.map(({ name }) => name)).toEqual(['node-gpu', 'webgpu', 'wasm', 'cpu']);
    for (const { usable, problem, device } of reports) {
      expect(problem === null).toBe(usable);
      if (usable) expect(device).not.toBe('');
    }
    expect(report.wasm).toMatchObject({ usable: true, hardware: false, problem: null });
    expect(report.cpu).toMatchObject({ usable: true, hardware: false, problem: null });
    if (!noAdapter) expect(webgpu).toMatchObject({ usable: true, problem: null });
  });

  test.each([
    ['crashes', `process.kill(process.pid, 'SIGSEGV')`, 'its process was killed by SIGSEGV'],
    [
      'exits early',
      `process.stderr.write('no room\\n'); process.exit(3)`,
      'its process ended with code 3: no room',
    ],
    ['hangs', `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`, 'no answer within 0.5 s'],
  ] as const)('a process that %s is reported', async (_what, statement, problem) => {
    const file = path.join(tmpdir(), `resumeproof-${process.pid}-${_what.replace(' ', '-')}.cjs`);
    await writeFile(file, statement);
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = `--require ${file}`;
    onTestFinished(async () => {
      await rm(file);
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    });
    const broken = await inspectBackend('cpu', _what === 'hangs' ? 500 : 30_000);
    expect(broken).toMatchObject({ name: 'cpu', usable: false, device: null });
    expect(broken.problem).toContain(problem);
  });
});

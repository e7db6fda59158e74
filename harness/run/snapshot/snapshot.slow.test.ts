import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { controlJob } from '../../../scripts/bench/job.ts';
import { snapshotsIn } from './snapshot.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
const main = path.join(root, 'harness', 'cli', 'main.ts');

let folder: string;
/** Where the tests that do not damage it keep a snapshot. */
let shared: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'snapshot-'));
  shared = path.join(folder, 'shared');
  expect(await snapshotsIn(shared)()).toMatchObject({ bytes: expect.any(Number) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a scenario's gate with snapshots kept in this folder; with '' without any. */
async function gate(
  name: string,
  snapshots: string,
  { env = {}, backend = 'wasm' }: { env?: Record<string, string>; backend?: string } = {},
): Promise<string> {
  const reports = mkdtempSync(path.join(folder, 'reports-'));
  const { all } = await execa(
    process.execPath,
    ['--no-warnings', main, 'run', name, '--backend', backend, '--reports', reports],
    {
      cwd: root,
      env: { RESUMEPROOF_SNAPSHOTS: snapshots, ...env },
      reject: false,
      all: true,
      stdin: 'ignore',
    },
  );
  const [report] = globSync(`*-${backend}`, { cwd: reports });
  if (report === undefined) throw new Error(all);
  return path.join(reports, report);
}

/** All traces of a run, without what differs between any two runs. */
function tracesOf(report: string): Record<string, string[]> {
  const own = (key: string, value: unknown): unknown =>
    key === 'seconds' || key === 'pid' ? undefined : value;
  const lines = (file: string): string[] =>
    readFileSync(path.join(report, file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.stringify(JSON.parse(line), own));
  const files = globSync('**/trace.jsonl', { cwd: report }).sort();
  return Object.fromEntries(files.map((file) => [file, lines(file)]));
}

const blobsIn = (where: string): string[] => readdirSync(where).filter((name) => name.endsWith('.blob'));

/** A snapshot's name ends with the digest of its content. */
const isWhole = (file: string): boolean =>
  path.basename(file, '.blob').split('-')[1] ===
  createHash('sha256').update(readFileSync(file)).digest('hex');

test.each([
  ['frozen-layers', 'wasm'],
  ['layers-fit', 'cpu'],
  ['across-backends', 'wasm'],
])('the traces of %s on %s are the same with and without a snapshot, to the bit', async (name, backend) => {
  const given = tracesOf(await gate(name, shared, { backend }));
  expect(Object.keys(given).length).toBeGreaterThan(2);
  expect(given).toEqual(tracesOf(await gate(name, '', { backend })));
});

/** Writes a scenario around a proven one, which adds what `shows` returns to the file $SHOWN, a line per process. */
function scenario(name: string, ...shows: string[]): string {
  const file = path.join(folder, `${name}.ts`);
  const proven = JSON.stringify(path.join(root, 'scenarios', 'frozen-layers.ts'));
  const lines = [
    "import { appendFileSync } from 'node:fs';",
    "import { createRequire } from 'node:module';",
    "import * as tf from '@tensorflow/tfjs-core';",
    "import * as own from 'resumeproof';",
    `import proven from ${proven};`,
    "const show = (shown: unknown): void => appendFileSync(process.env.SHOWN!, JSON.stringify(shown) + '\\n');",
    'const { trainer } = proven as any;',
    'const atImport = Object.keys(tf.engine().registryFactory);',
    'export default { ...(proven as object), async trainer(context: unknown) {',
    ...shows,
    '  return trainer(context);',
    '} };',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

async function shown(file: string, snapshots: string): Promise<Record<string, unknown>[]> {
  const to = `${file}.${snapshots === '' ? 'without' : 'with'}`;
  await gate(file, snapshots, { env: { SHOWN: to } });
  const lines = readFileSync(to, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

test('a scenario shares its modules with the harness, and finds its process as without a snapshot', async () => {
  const own = JSON.stringify(pathToFileURL(path.join(root, 'harness', 'index.ts')).href);
  const file = scenario(
    'shares',
    `  const require = createRequire(${JSON.stringify(path.join(root, 'package.json'))});`,
    "  const required = require('@tensorflow/tfjs-core');",
    "  const layers = require('@tensorflow/tfjs-layers');",
    '  show({',
    '    core: required.engine() === tf.engine() && required.Tensor === tf.Tensor,',
    "    layers: layers.layers.dense({ units: 1, inputShape: [1] }) !== undefined && tf.getGradient('Sum') !== undefined,",
    '    own: (proven as any).trainer === trainer && typeof own.openBackend,',
    '    names: Object.keys(tf).length, requiredNames: Object.keys(required).length,',
    '    ownNames: Object.keys(own),',
    '    argv: process.argv.slice(0, 2),',
    '    env: process.env.SHOWN,',
    '    wasm: tf.getBackend(),',
    '    atImport, backends: Object.keys(tf.engine().registryFactory),',
    '    flags: (tf.env() as any).flags,',
    `    same: (globalThis as any)[Symbol.for('resumeproof.snapshot')]?.(${own}).openBackend === own.openBackend,`,
    "    where: new Error('here').stack!.split('\\n')[1],",
    '  });',
  );
  const [given] = await shown(file, shared);
  const [without] = await shown(file, '');
  expect(given).toEqual({ ...without, env: given!.env, same: true });
  expect(given).toMatchObject({ core: true, layers: true, own: 'function', wasm: 'wasm', atImport: [] });
  expect(given!.where).toMatch(/shares\.ts:25:12/);
});

test('a package that passes on the names of the snapshot has them all, and the same engine', async () => {
  const healthy = path.join(root, 'fixtures', 'scenarios', 'healthy.ts');
  const code = [
    "import * as whole from '@tensorflow/tfjs';",
    "import { engine, layers } from '@tensorflow/tfjs';",
    "import { engine as core } from '@tensorflow/tfjs-core';",
    `import healthy from ${JSON.stringify(healthy)};`,
    "if (engine() !== core() || whole.engine !== engine || typeof layers.dense !== 'function')",
    "  throw new Error('another engine');",
    'export default healthy;',
  ];
  const file = path.join(folder, 'passed-on.ts');
  writeFileSync(file, code.join('\n'));
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const report = await gate(file, shared);
  const { verdicts } = JSON.parse(readFileSync(path.join(report, 'verdict.json'), 'utf8'));
  expect(verdicts).toMatchObject([{ outcome: 'proven' }]);
});

test('what a trainer forks, and its worker threads, run what they are told to', async () => {
  const forked = path.join(folder, 'forked.mjs');
  writeFileSync(forked, 'process.send(process.argv[2]); process.disconnect();');
  const worker = path.join(folder, 'worker.mjs');
  writeFileSync(
    worker,
    "import { parentPort } from 'node:worker_threads'; parentPort.postMessage('worker');",
  );
  const file = scenario(
    'starts',
    "  const { fork } = process.getBuiltinModule('node:child_process');",
    "  const { Worker } = process.getBuiltinModule('node:worker_threads');",
    "  const { once } = process.getBuiltinModule('node:events');",
    `  const [said] = await once(fork(${JSON.stringify(forked)}, ['forked']), 'message');`,
    `  const [posted] = await once(new Worker(${JSON.stringify(worker)}), 'message');`,
    '  show([said, posted]);',
  );
  for (const snapshots of [shared, ''])
    expect((await shown(file, snapshots))[0]).toEqual(['forked', 'worker']);
});

test('each process has random numbers of its own', async () => {
  const file = scenario(
    'random',
    '  const { randomUUID, randomInt } = process.getBuiltinModule("node:crypto");',
    '  const draw = tf.randomUniform([1]);',
    '  show({ snapshot: Symbol.for("resumeproof.snapshot") in globalThis, numbers: [Math.random(), randomUUID(), randomInt(2 ** 40), draw.dataSync()[0]] });',
  );
  const processes = await shown(file, shared);
  expect(processes.length).toBeGreaterThan(2);
  expect(processes.every(({ snapshot }) => snapshot)).toBe(true);
  const numbers = processes.flatMap((each) => each.numbers);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test('a process that waits for what never comes ends with exit code 13, one that throws at its top level with 1', async () => {
  const ends = (code: string): unknown => {
    const file = path.join(folder, 'ends.ts');
    writeFileSync(file, code);
    const [blob] = blobsIn(shared);
    const job = controlJob({
      scenario: 'ends',
      file,
      plan: { steps: 2, resumeAt: [1] },
      backend: 'wasm',
      folder: mkdtempSync(path.join(folder, 'job-')),
    });
    const args = [JSON.stringify(job)];
    const entry = path.join(root, 'harness', 'run', 'child.ts');
    const start = (...how: string[]): unknown => {
      const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', ...how, entry, ...args], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      return { status, error: /^Error: .*$/m.exec(stderr)?.[0], at: /ends\.ts:\d+(:\d+)?/.exec(stderr)?.[0] };
    };
    const given = start('--snapshot-blob', path.join(shared, blob!));
    expect(given).toEqual(start());
    return given;
  };
  expect(ends('await new Promise(() => {});')).toMatchObject({ status: 13 });
  expect(ends("\nsetTimeout(() => { throw new Error('late') }, 1);\nawait new Promise(() => {});")).toEqual({
    status: 1,
    error: 'Error: late',
    at: 'ends.ts:2',
  });
});

test.each<[how: string, damage: (file: string) => void]>([
  [
    'has another byte',
    (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(file, bytes);
    },
  ],
  ['is cut', (file) => truncateSync(file, 1000)],
  ['is empty', (file) => truncateSync(file)],
])('a snapshot that %s is made again', async (_how, damage) => {
  const own = mkdtempSync(path.join(folder, 'damaged-'));
  cpSync(shared, own, { recursive: true });
  const current = snapshotsIn(own);
  const fileNow = async (ask: typeof current): Promise<string> => {
    const snapshot = await ask();
    if ('problem' in snapshot) throw new Error(snapshot.problem);
    return snapshot.file;
  };
  for (const ask of [current, snapshotsIn(own)]) {
    const file = await fileNow(current);
    expect(isWhole(file)).toBe(true);
    damage(file);
    expect(isWhole(file)).toBe(false);
    expect(isWhole(await fileNow(ask))).toBe(true);
    expect(blobsIn(own)).toHaveLength(1);
  }
});

test('where no snapshot can be kept, it says why, and scenarios are proven without', async () => {
  const file = path.join(folder, 'a-file');
  writeFileSync(file, '');
  expect(await snapshotsIn(path.join(file, 'inside'))()).toEqual({
    problem: expect.stringMatching(/ENOTDIR/),
  });
  expect(await snapshotsIn(undefined)()).toEqual({ problem: 'there is no folder to keep it in' });
  const report = await gate('frozen-layers', path.join(file, 'inside'));
  expect(JSON.parse(readFileSync(path.join(report, 'verdict.json'), 'utf8'))).toMatchObject({ passed: true });
});

/** Asks in a process of its own, as a copy of the harness, or with another Node. */
async function ask(where: string, { harness = path.join(root, 'harness'), node = process.execPath } = {}) {
  const module = JSON.stringify(path.join(harness, 'run', 'snapshot', 'snapshot.ts'));
  const code = `console.log(JSON.stringify(await (await import(${module})).snapshotsIn(${JSON.stringify(where)})()))`;
  const { stdout } = await execa(node, ['--no-warnings', '--input-type=module', '--eval', code]);
  return JSON.parse(stdout) as { file: string; problem?: string };
}

test('another Node, and a harness with a changed file, have another snapshot', async () => {
  const where = path.join(folder, 'versions');
  const harness = path.join(folder, 'copy', 'harness');
  cpSync(path.join(root, 'harness'), harness, { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'copy', 'node_modules'));
  copyFileSync(path.join(root, 'package.json'), path.join(folder, 'copy', 'package.json'));
  const node = path.join(folder, 'another-node');
  copyFileSync(process.execPath, node);
  const asked = async (options: Parameters<typeof ask>[1]): Promise<string> =>
    (await ask(where, options)).file;
  const first = await asked({ harness });
  expect(await asked({ harness })).toBe(first);
  const others = [await asked({ harness, node })];
  appendFileSync(path.join(harness, 'training', 'ema.ts'), '\nexport const added = 1;\n');
  others.push(await asked({ harness }));
  const all = [first, ...others];
  expect(new Set(all.map((file) => path.basename(file).split('-')[0])).size).toBe(3);
  expect(all.map(isWhole)).toEqual([true, true, true]);
});

test('processes that need it at once make whole snapshots', async () => {
  const where = path.join(folder, 'at-once');
  mkdirSync(where);
  const files = (await Promise.all([ask(where), ask(where), ask(where)])).map(({ file }) => file);
  expect(files.map(isWhole)).toEqual([true, true, true]);
  expect(blobsIn(where).map((name) => isWhole(path.join(where, name)))).not.toContain(false);
  expect(readdirSync(where).filter((name) => !/^[0-9a-f]+(-[0-9a-f]{64}\.blob|\.cjs)$/.test(name))).toEqual(
    [],
  );
});

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectBackend } from '../harness/backend/inspect.ts';

const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-bundle-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The tools that the launcher needs; Node is not one of them. */
const TOOLS = [
  'sh',
  'gzip',
  'tar',
  'head',
  'tail',
  'wc',
  'mktemp',
  'uname',
  'dirname',
  'tr',
  'mkdir',
  'rm',
  'chmod',
];
const bin = path.join(scratch, 'bin');
const home = path.join(scratch, 'home');
const whereIs = (tool: string): string => execaSync('sh', ['-c', `command -v ${tool}`]).stdout;
/** Runs a command in an empty network namespace, if the system permits one. */
const noNetwork = execaSync('sh', ['-c', 'unshare -rn true'], { reject: false }).failed
  ? []
  : [whereIs('unshare'), '-rn'];

const made = path.join(scratch, 'made', 'resumeproof-bundle.sh');

/** Copies the bundle into an empty folder. */
function place(name: string): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  copyFileSync(made, path.join(folder, 'resumeproof-bundle.sh'));
  return folder;
}

interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the bundle of a folder with only HOME and a path to the tools in its environment. */
async function start(folder: string, ...args: string[]): Promise<Ended> {
  const command = [...noNetwork, path.join(bin, 'sh'), 'resumeproof-bundle.sh', ...args];
  const [program, ...rest] = command as [string, ...string[]];
  const { exitCode, stdout, stderr } = await execa(program, rest, {
    cwd: folder,
    env: { PATH: bin, HOME: home },
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  });
  return { exitCode, stdout, stderr };
}

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('a bundle', async () => {
  const webgpu = await inspectBackend('webgpu');

  beforeAll(async () => {
    mkdirSync(bin);
    mkdirSync(home);
    for (const tool of TOOLS) symlinkSync(whereIs(tool), path.join(bin, tool));
    await execa(process.execPath, ['--no-warnings', path.join(root, 'scripts', 'bundle.ts'), '--out', made]);
  });

  test('runs without network, Node or an environment, and writes only into its own folder', async () => {
    expect(statSync(made).size).toBeLessThanOrEqual(55 * 2 ** 20);
    const folder = place('empty');
    const doctor = await start(folder, 'doctor', '--json');
    expect(doctor.exitCode, doctor.stderr).toBe(0);
    const { backends, snapshot } = JSON.parse(doctor.stdout) as {
      backends: { name: string; usable: boolean }[];
      snapshot: unknown;
    };
    expect(snapshot).toEqual({ file: expect.stringMatching(/\.blob$/), bytes: expect.any(Number) });
    const usable = backends.filter((each) => each.usable).map(({ name }) => name);
    expect(usable).toEqual(webgpu.usable ? ['webgpu', 'wasm', 'cpu'] : ['wasm', 'cpu']);
    for (const backend of usable.filter((name) => name !== 'cpu')) {
      // A scenario of the image model takes half a minute on a software GPU.
      const scenarios =
        backend === 'wasm' ? ['frozen-layers', 'weights-alone'] : ['frozen-layers', 'warmup-at-zero'];
      const ran = await start(
        folder,
        'run',
        ...scenarios,
        '--backend',
        backend,
        '--json',
        '--reports',
        'reports',
      );
      expect(ran.exitCode, ran.stderr).toBe(0);
      const { verdicts } = JSON.parse(ran.stdout) as { verdicts: { outcome: string; replay: string }[] };
      expect(verdicts.map(({ outcome }) => outcome)).toEqual([
        'proven',
        backend === 'wasm' ? 'refuted' : 'proven',
      ]);
      expect(verdicts[0]!.replay).toMatch(/^sh resumeproof-bundle\.sh run frozen-layers --backend/);
    }
    expect(readdirSync(folder).filter((name) => !name.startsWith('resumeproof-'))).toEqual(['reports']);
    expect(readdirSync(home)).toEqual([]);
  });

  test('proves a scenario from any folder with the packages of the bundle', async () => {
    const folder = path.join(scratch, 'empty');
    const mine = path.join(folder, 'mine');
    mkdirSync(mine);
    const page = readFileSync(path.join(root, 'docs', 'scenarios.md'), 'utf8');
    const [, code] = /^```ts\n(\/\/ scenarios\/my-loop\.ts\n[\s\S]*?)^```$/m.exec(page)!;
    writeFileSync(path.join(mine, 'my-loop.ts'), code!);
    const ran = await start(folder, 'run', '--scenarios', 'mine', '--backend', 'wasm', '--json');
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ passed: true, verdicts: [{ scenario: 'my-loop' }] });
  });

  test.each([
    [
      'cut off',
      (file: string) => truncateSync(file, 40_000_000),
      /has 40000000 bytes instead of \d+: it was cut off/,
    ],
    [
      'damaged',
      (file: string) => {
        const bytes = readFileSync(file);
        const last = bytes.length - 1000;
        bytes[last] = bytes[last]! ^ 1;
        writeFileSync(file, bytes);
      },
      /cannot be unpacked into .*, or the file is damaged$/m,
    ],
  ])('refuses to run when it was %s, and leaves nothing behind', async (name, spoil, says) => {
    const folder = place(name.replace(' ', '-'));
    spoil(path.join(folder, 'resumeproof-bundle.sh'));
    const { exitCode, stderr } = await start(folder, '--version');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(says);
    expect(readdirSync(folder)).toEqual(['resumeproof-bundle.sh']);
  });

  test('is unpacked once when two processes start it at the same time', async () => {
    const folder = place('twice');
    const [one, other] = await Promise.all([start(folder, '--version'), start(folder, '--version')]);
    expect([one.exitCode, other.exitCode], `${one.stderr}\n${other.stderr}`).toEqual([0, 0]);
    expect(readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory())).toHaveLength(1);
    expect(readdirSync(folder).filter((each) => each.startsWith('.'))).toEqual([]);
  });

  test.skipIf(webgpu.hardware)('check-gpu exits with 3 without a hardware GPU', async () => {
    const { exitCode, stderr } = await start(path.join(scratch, 'empty'), 'check-gpu', '--out', 'found');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/found no hardware GPU for webgpu, so nothing was checked/);
    expect(existsSync(path.join(scratch, 'empty', 'found'))).toBe(false);
  });

  test.skipIf(!webgpu.usable)('check-gpu keeps what it found before its time was up', async () => {
    const folder = path.join(scratch, 'empty');
    const args = ['--software', '--minutes', '0.5', '--out', 'found'];
    const { exitCode, stderr } = await start(folder, 'check-gpu', ...args);
    if (!webgpu.hardware) expect(exitCode, stderr).toBe(1);
    const found = path.join(folder, 'found');
    const [json, page] = readdirSync(found).sort();
    const result = JSON.parse(readFileSync(path.join(found, json!), 'utf8'));
    expect(result).toMatchObject({ device: webgpu.device, kernels: { cases: expect.any(Number) } });
    // A software GPU cannot finish any part in that time, and an unfinished part does not pass.
    if (!webgpu.hardware) {
      expect(result.gate).toMatchObject({ passed: false, problem: expect.stringContaining('Interrupted') });
      expect(result.matrix).toHaveProperty('notRun');
      expect(readFileSync(path.join(found, page!), 'utf8')).toContain('NOT PASSED');
    }
    const bytes = [json!, page!].reduce((sum, name) => sum + statSync(path.join(found, name)).size, 0);
    expect(bytes).toBeLessThan(2e6);
  });
});

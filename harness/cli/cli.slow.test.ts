/** The command line where processes train or are waited for; what is quick is in cli.test.ts. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { pageText } from '../report/testing/page-text.ts';
import { readTrace } from '../trace/read.ts';
import { fixtures, main, resumeproof as start } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-cli-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const resumeproof = (args: readonly string[], env: Record<string, string> = {}) =>
  start(scratch, args, { env: { CI: 'true', ...env } });
const scenarios = path.join(fixtures, 'scenarios');
const healthyAndFaulty = ['run', '--scenarios', scenarios, '--backend', 'cpu'];

test('a resume that changes one weight by a hundred thousandth is caught on a deterministic backend', async () => {
  const perturbed = ['weight-perturbed', '--scenarios', scenarios, '--backend', 'wasm', '--json'];
  const { exitCode, stdout, stderr } = await resumeproof(['run', ...perturbed]);
  expect(exitCode, stderr).toBe(0);
  const [verdict] = gateSchema.parse(JSON.parse(stdout)).verdicts;
  expect(verdict).toMatchObject({
    proofs: { restored: 'proven', alive: 'proven', faithful: 'refuted' },
    noise: { exact: true, controls: 1, quantities: [] },
  });
  const loss = verdict!.findings.find(({ rule }) => rule === 'loss-differs');
  // Enough digits to show the difference.
  expect(loss!.sentence).toMatch(/at step [56]: (\d\.\d{4,}) instead of (?!\1)\d\.\d{4,}/);
  expect(Math.min(...verdict!.findings.map(({ step }) => step!))).toBe(5);
});

test('a scenario resumes on its backends in turn, with one control on each, whatever auto picks', async () => {
  const file = path.join(scratch, 'in-turn.ts');
  const healthy = JSON.stringify(path.join(scenarios, 'healthy.ts'));
  await writeFile(
    file,
    `import healthy from ${healthy};\nexport default { ...healthy, resumeOn: ['cpu', 'wasm'] };\n`,
  );
  const plan = ['--steps', '15', '--resume-at', '3,6,9'];
  const noGpu = { VK_DRIVER_FILES: '/nowhere.json', CUDA_VISIBLE_DEVICES: '' };
  const { exitCode, stdout, stderr } = await resumeproof(['run', file, ...plan, '--json'], noGpu);
  expect(exitCode, stderr).toBe(0);
  const [verdict] = gateSchema.parse(JSON.parse(stdout)).verdicts;
  expect(verdict).toMatchObject({
    outcome: 'proven',
    backend: { name: 'wasm' },
    plan: { resumeOn: ['cpu', 'wasm', 'cpu'] },
    noise: { exact: false, controls: 2 },
  });
  expect(verdict!.runs.filter(({ role }) => role === 'twin')).toHaveLength(1);
});

test('a known fault that this plan does not trigger fails the gate', async () => {
  const plan = ['--steps', '8', '--resume-at', '4'];
  const { exitCode, stdout } = await resumeproof([...healthyAndFaulty, 'accumulated*', ...plan]);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/accumulated-gradients-forgotten .* proven, NOT AS EXPECTED/);
  expect(stdout).toMatch(/Failed in accumulated-gradients-forgotten: a known fault was not confirmed/);
  expect(stdout).toMatch(/run again: npm run resumeproof -- run .* --steps 8 --resume-at 4/);
});

test('a scenario that uses a wrong kernel is proven with a caveat in terminal, report and JSON', async () => {
  const file = path.join(fixtures, 'caveats', 'upsampling.ts');
  const onCpu = await resumeproof(['run', file, '--backend', 'cpu']);
  expect(onCpu.exitCode, onCpu.stderr).toBe(0);
  const caveat = /This scenario uses a kernel that is wrong on cpu: ResizeNearestNeighborGrad in resize/;
  expect(onCpu.stdout).toMatch(new RegExp(`^! upsampling: ${caveat.source}`, 'm'));
  expect(onCpu.stdout).toMatch(/^! upsampling: Not verified on cpu: Cumsum \(no case runs it\)\.$/m);
  const report = path.join(scratch, /Report: (.*)index\.html/.exec(onCpu.stdout)![1]!);
  expect(pageText(await readFile(path.join(report, 'index.html'), 'utf8'))).toMatch(caveat);
  const gate = gateSchema.parse(JSON.parse(await readFile(path.join(report, 'verdict.json'), 'utf8')));
  expect(gate.verdicts).toMatchObject([
    { outcome: 'proven', caveats: [expect.stringMatching(caveat), expect.anything()] },
  ]);
  const control = await readTrace(path.join(report, 'upsampling', 'control', 'trace.jsonl'));
  expect(control.end?.kernels).toEqual(expect.arrayContaining(['Cumsum', 'ResizeNearestNeighborGrad']));
});

test('a trainer that samples text and audio is proven, and letters that changed their meaning are found', async () => {
  const sampled = [
    'run',
    '--scenarios',
    path.join(fixtures, 'sampled-scenarios'),
    '--backend',
    'cpu',
    '--json',
  ];
  const { exitCode, stdout, stderr } = await resumeproof(sampled);
  expect(exitCode, stderr).toBe(0);
  const { report, ...gate } = JSON.parse(stdout);
  const [reordered, voice] = gateSchema.parse(gate).verdicts;
  expect(voice).toMatchObject({ outcome: 'proven', compared: { samples: 4 } });
  expect(reordered).toMatchObject({
    outcome: 'refuted',
    proofs: { restored: 'refuted', alive: 'proven' },
    findings: [
      { rule: 'samples-differ-at-resume', subjects: ['story'] },
      { rule: 'samples-differ-from-control', subjects: ['story'] },
    ],
  });
  const folder = path.join(path.dirname(report.json), 'voice', 'control');
  const { samples } = await readTrace(path.join(folder, 'trace.jsonl'));
  expect(samples.map(({ at, type, file }) => [at, type, file])).toEqual([
    ['pass', 'text', 'samples/pass-4-0.txt'],
    ['pass', 'audio', 'samples/pass-4-1.wav'],
    ['end', 'text', 'samples/end-8-0.txt'],
    ['end', 'audio', 'samples/end-8-1.wav'],
  ]);
  const html = pageText(await readFile(report.html, 'utf8'));
  expect(html).toContain(JSON.stringify(await readFile(path.join(folder, samples[2]!.file), 'utf8')));
  expect(html).toContain((await readFile(path.join(folder, samples[3]!.file))).toString('base64'));
});

test('the printed command that runs a scenario again finds its file', async () => {
  const file = path.join(scratch, 'else where', 'elsewhere.ts');
  await mkdir(path.dirname(file));
  await writeFile(
    file,
    `import healthy from '${scenarios}/healthy.ts';\nexport default { ...healthy, expect: ['silent-no-op'] };\n`,
  );
  const first = await resumeproof(['run', file, '--backend', 'cpu']);
  const again = /run again: npm run resumeproof -- run 'else where\/elsewhere\.ts' (.*)/.exec(first.stdout);
  const { stdout, stderr } = await resumeproof(['run', 'else where/elsewhere.ts', ...again![1]!.split(' ')]);
  expect(stdout, stderr).toMatch(/elsewhere .* proven, NOT AS EXPECTED/);
});

test('helpers and folders beside a scenario are ignored', async () => {
  const folder = path.join(scratch, 'with-helpers');
  await mkdir(path.join(folder, 'parts'), { recursive: true });
  const files = {
    '_helper.ts': `export { default as healthy } from '${scenarios}/healthy.ts';`,
    'parts/part.ts': 'export const about = "Built of parts";',
    'own.ts': `
      import { healthy } from './_helper.ts';
      import { about } from './parts/part.ts';
      export default { ...healthy, about };`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  const args = ['run', '--scenarios', folder, '--backend', 'cpu', '--json'];
  const { exitCode, stdout, stderr } = await resumeproof(args);
  expect(exitCode, stderr).toBe(0);
  const { verdicts } = gateSchema.parse(JSON.parse(stdout));
  expect(verdicts.map(({ scenario, about }) => [scenario, about])).toEqual([['own', 'Built of parts']]);
});

test('escape sequences of messages, names and arguments reach no terminal', async () => {
  const folder = path.join(scratch, 'escapes');
  await mkdir(folder);
  const healthy = JSON.stringify(path.join(scenarios, 'healthy.ts'));
  const evil = String.raw`\u001b[2J\u009b31m\u202e`;
  await writeFile(
    path.join(folder, 'throws.ts'),
    `import healthy from ${healthy};
export default { ...healthy, about: 'about ${evil}', trainer() { throw new Error('fails ${evil}'); } };\n`,
  );
  await writeFile(path.join(folder, 'bad.js'), `throw new Error('import ${evil}');`);
  const told = [
    await resumeproof(['run', path.join(folder, 'throws.ts'), '--backend', 'cpu']),
    await resumeproof(['run', path.join(folder, 'throws.ts'), '--backend', 'cpu', '--json']),
    await resumeproof(['run', path.join(folder, 'bad.js'), '--backend', 'cpu']),
    await resumeproof(['run', 'x', '--steps', '\u001b[2J\u202e']),
    await resumeproof(['list', '--scenarios', folder, 'x\u001b[2J']),
  ];
  for (const { stdout, stderr } of told) {
    expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
  expect(told[0]!.stdout).toMatch(/✗ throws: .*fails ‹U\+001B›\[2J‹U\+009B›31m‹U\+202E›/);
  expect(JSON.parse(told[1]!.stdout).verdicts[0].headline).toContain('fails \u001b[2J');
  expect(told[2]!.stderr).toMatch(/import ‹U\+001B›\[2J/);
  expect(told[3]!.stderr).toMatch(/‹U\+001B›\[2J/);
});

test('a reader that is gone is no error, and a full disk is one, in one line', async () => {
  const shell = (command: string, rest: string) =>
    execa(
      'bash',
      ['-c', `set -o pipefail; "$0" --no-warnings "$1" ${command} ${rest}`, process.execPath, main],
      { reject: false, cwd: scratch, env: { CI: 'true' } },
    );
  const run = `run healthy --scenarios '${scenarios}' --backend cpu`;
  // Side by side, since they wait.
  await Promise.all(
    ['list --rules --json', 'list --rules', '--help', run].map(async (command) => {
      const { exitCode, stderr } = await shell(command, '| { exec <&-; sleep 1; }');
      expect(exitCode, command).toBe(0);
      expect(stderr, command).not.toMatch(/EPIPE|Error/);
    }),
  );
  if (process.platform !== 'linux') return;
  const full = await shell('list --rules --json', '> /dev/full');
  expect(full).toMatchObject({
    exitCode: 3,
    stderr: 'resumeproof: cannot write to standard output: ENOSPC: no space left on device, write',
  });
});

test('doctor reports each backend’s device and problem', async () => {
  const { exitCode, stdout } = await resumeproof(['doctor', '--json']);
  expect(exitCode).toBe(0);
  const { backends, snapshot } = JSON.parse(stdout);
  expect(snapshot).toEqual({ file: expect.stringMatching(/\.blob$/), bytes: expect.any(Number) });
  expect(backends.map(({ name }: { name: string }) => name)).toEqual(['node-gpu', 'webgpu', 'wasm', 'cpu']);
  expect(backends[2]).toMatchObject({ usable: true, hardware: false, problem: null });
  const table = await resumeproof(['doctor']);
  expect(table.stdout).toMatch(/^wasm\s+yes\s+no\s+CPU, WebAssembly/m);
  expect(table.stdout).toMatch(/^Processes start from a snapshot of \d+ MB\.$/m);
  const without = await resumeproof(['doctor', '--backend', 'wasm'], { RESUMEPROOF_SNAPSHOTS: '' });
  expect(without.stdout).toMatch(
    /^Processes start without a snapshot, .*: there is no folder to keep it in$/m,
  );
});

test('doctor --verify lists wrong kernels with position and values, and exits with 1', async () => {
  const { exitCode, stdout, stderr } = await resumeproof(['doctor', '--verify', '--backend', 'wasm']);
  expect(exitCode, stderr).toBe(1);
  expect(stdout).toMatch(/^Kernels of\s+cases\s+exact\s+rounding\s+in spec\s+WRONG/m);
  expect(stdout).toMatch(
    /^ {2}MaxPoolGrad in maxPool 2×2 \[2,8,8,16\].*: at \[\d,\d,\d,\d+\] expected .*, got /m,
  );
  expect(stdout).toMatch(/^wasm, missing: .*\n {2}Conv2DBackpropFilter, /m);
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectEvidence } from '../judge/collect.ts';
import { judge } from '../judge/judge.ts';
import { gateSchema } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import { fixtures, resumeproof as start } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-cli-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const resumeproof = (args: readonly string[], env: Record<string, string> = {}) =>
  start(scratch, args, { env: { CI: 'true', ...env } });
const scenarios = path.join(fixtures, 'scenarios');
const healthyAndFaulty = ['run', '--scenarios', scenarios, '--backend', 'cpu'];

describe('run', () => {
  test('proves a correct resume, catches incorrect ones and prints where the report is', async () => {
    const { exitCode, stdout, stderr } = await resumeproof([...healthyAndFaulty, '--json']);
    expect(exitCode, stderr).toBe(0);
    const { report, ...gate } = JSON.parse(stdout);
    const { verdicts, passed } = gateSchema.parse(gate);
    expect(passed).toBe(true);
    // Every kernel that they use is correct on cpu.
    expect(verdicts.flatMap(({ caveats }) => caveats)).toEqual([]);
    expect(verdicts.map(({ scenario, outcome }) => [scenario, outcome])).toEqual([
      ['accumulated-gradients-forgotten', 'refuted'],
      ['healthy', 'proven'],
      ['weight-perturbed', 'refuted'],
    ]);
    expect(await readFile(report.html, 'utf8')).toContain('1 scenario proven and 2 known faults caught');
    expect(JSON.parse(await readFile(report.json, 'utf8'))).toEqual(gate);
    // Control, saver, before and after of each scenario ran in a process of their own.
    const processes = await Promise.all(
      verdicts.flatMap(({ runs }) =>
        runs.map(async ({ trace }) => {
          const [first] = (await readFile(path.join(path.dirname(report.json), trace), 'utf8')).split('\n');
          return JSON.parse(first!).process.pid;
        }),
      ),
    );
    expect(new Set(processes).size).toBe(12);

    // With one trace emptied, the same evidence proves nothing.
    const [, { plan, runs }] = verdicts as [unknown, (typeof verdicts)[number]];
    const files = runs.map(({ trace }) => path.join(path.dirname(report.json), trace));
    // The causes use the start state to recognise what restarted.
    const statesOf = async (role: string) =>
      (await readTrace(files.find((file) => file.includes(role))!)).states.map(({ at }) => at);
    expect(await statesOf('control')).toEqual(['start', 'pass', 'sampled', 'end', 'sampled']);
    expect(await statesOf('before')).toEqual(['start', 'save', 'sampled']);
    await writeFile(files.find((file) => file.includes('after-1'))!, '');
    const emptied = collectEvidence(plan, 'cpu', await Promise.all(files.map(readTrace)));
    const again = judge({ scenario: 'healthy', about: '', expect: 'proven', replay: '' }, emptied);
    expect(again).toMatchObject({ outcome: 'inconclusive', asExpected: false });
    expect(again.findings.map(({ sentence }) => sentence).join()).toMatch(
      /trace of the after-1 process is empty/,
    );
  });

  test.each([
    [
      'an unknown scenario',
      ['nowhere'],
      /no scenario matches 'nowhere' in .*; there are: accumulated-.*, healthy/,
    ],
    ['an unknown backend', ['--backend', 'cuda'], /--backend <name>' argument 'cuda' is invalid/],
    ['a folder without scenarios', ['--scenarios', 'nowhere'], /no folder of scenarios at .*nowhere/],
    [
      'a resume point outside the run',
      ['--steps', '4', '--resume-at', '9'],
      /ascending resume points from 1 to 4, received 9/,
    ],
    ['an invalid number', ['--steps', 'many'], /expected an integer of at least 1/],
  ])('%s is reported in one line, with exit code 2', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await resumeproof([...healthyAndFaulty, ...args]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length, stderr).toBeLessThanOrEqual(2);
  });

  test.each([
    ['run', 'nowhere'],
    ['run', path.join(scenarios, 'healthy.ts')],
    ['fuzz', 'nowhere'],
    ['mutants', 'nowhere'],
  ])('%s refuses --images that is not a folder: %s', async (command, images) => {
    const args = [command, 'healthy', '--scenarios', scenarios, '--backend', 'cpu', '--images', images];
    const { exitCode, stderr } = await resumeproof(args);
    expect(stderr).toMatch(/^resumeproof: --images: no folder at .*(?:nowhere|healthy\.ts)$/);
    expect(exitCode).toBe(2);
  });

  test.each([
    ['in two folders', ['a/same.ts', 'b/same.ts'], ['run', 'a/same.ts', 'b/same.ts']],
    ['in one folder', ['c/same.ts', 'c/same.mjs'], ['run', '--scenarios', 'c']],
    [
      'in the folder and elsewhere',
      ['d/same.ts', 'e/same.ts'],
      ['run', 'same', 'e/same.ts', '--scenarios', 'd'],
    ],
  ])('two scenarios with the same name %s are both reported, with exit code 2', async (_, files, args) => {
    for (const file of files) {
      await mkdir(path.dirname(path.join(scratch, file)), { recursive: true });
      await writeFile(path.join(scratch, file), `export { default } from '${scenarios}/healthy.ts';\n`);
    }
    const { exitCode, stderr } = await resumeproof([...args, '--backend', 'cpu']);
    expect(stderr).toMatch(/^resumeproof: two scenarios are called 'same': /);
    for (const file of files) expect(stderr).toContain(path.join(scratch, file));
    expect(exitCode).toBe(2);
  });

  test.each([
    [
      'has no scenario in it',
      'export const parts = 1;',
      /scenario .*bad\.js: default export: missing; export one by defineScenario, or start the file's name with _ if it is a helper$/m,
    ],
    ['is not a scenario', 'export default { about: 1 };', /about: .*expected string.*see defineScenario/],
    ['does not load', 'import "./nowhere.js";', /cannot load scenario .*bad\.js: Cannot find module/],
    [
      'expects an unknown rule',
      'export default { about: "x", trainer() {}, plan: { steps: 2, resumeAt: 1 }, expect: ["hooks-loud"] };',
      /expect names the unknown rule 'hooks-loud'/,
    ],
    ['throws', 'throw new Error("no");', /cannot load scenario .*bad\.js: no/],
  ])('a scenario file that %s is reported, with exit code 2', async (_, text, message) => {
    await writeFile(path.join(scratch, 'bad.js'), text);
    const { exitCode, stderr } = await resumeproof(['run', path.join(scratch, 'bad.js'), '--backend', 'cpu']);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });

  test.each(['import', 'export'])(
    'in a CommonJS project, where %s is a syntax error, the message says what to set',
    async (word) => {
      const folder = path.join(scratch, 'commonjs');
      await mkdir(folder, { recursive: true });
      await writeFile(path.join(folder, 'package.json'), '{ "type": "commonjs" }');
      const text = word === 'import' ? "import 'node:fs';" : 'export default {};';
      await writeFile(path.join(folder, `${word}.ts`), text);
      const { exitCode, stderr } = await resumeproof(['run', `commonjs/${word}.ts`, '--backend', 'cpu']);
      expect(stderr).toMatch(
        /cannot load scenario .*an ES module: set "type": "module" in its package\.json$/m,
      );
      expect(exitCode).toBe(2);
    },
  );

  test.each(['20.19.0', '22.17.1'])('Node %s is refused in one line', async (version) => {
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` };
    const { exitCode, stderr } = await resumeproof(healthyAndFaulty, env);
    expect(stderr).toMatch(/^resumeproof: Node 22\.18 or newer is required, but this is v.*\n?$/);
    expect(exitCode).toBe(3);
  });

  test('a missing device ends with exit code 3 before anything runs', async () => {
    const required = await resumeproof([...healthyAndFaulty, '--require-gpu']);
    expect(required.stderr).toMatch(/^resumeproof: a hardware GPU is required: cpu runs on the CPU/);
    const missing = await resumeproof([...healthyAndFaulty, '--backend', 'webgpu'], {
      VK_DRIVER_FILES: '/nowhere.json',
    });
    expect(missing.stderr).toMatch(/^resumeproof: webgpu finds no adapter/);
    for (const { exitCode, stdout } of [required, missing])
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  });
});

describe('list and help', () => {
  test('list shows the scenarios, and the rules that a scenario can expect', async () => {
    const listed = await resumeproof(['list', '--scenarios', scenarios]);
    expect(listed.stdout).toMatch(
      /^healthy\n {2}A small regression.*\n {2}9 steps, resumed after 5; expected: proven$/m,
    );
    const rules = await resumeproof(['list', '--rules', '--json']);
    const known: { id: string }[] = JSON.parse(rules.stdout).rules;
    expect(known.find(({ id }) => id === 'silent-no-op')).toEqual({
      id: 'silent-no-op',
      proof: 'alive',
      claim: expect.stringMatching(/moves/),
      reads: expect.stringMatching(/parameters/),
      speaks: 'at the first update',
    });
  });

  test.each(['', 'run', 'list', 'doctor', 'fuzz'])('%s --help shows an example', async (command) => {
    const { exitCode, stdout } = await resumeproof(command === '' ? ['--help'] : [command, '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Example:\n {2}resumeproof \w+/);
  });
});

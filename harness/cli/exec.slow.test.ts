/** `resumeproof exec` and `judge`: a program that records itself by the protocol, as real processes. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { survivors } from '../processes/testing/survivors.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const train = path.join(fixtures, 'commands', 'train.mjs');
let scratch: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-exec-')));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const PLAN = ['--steps', '12', '--resume-at', '4,8'];
const program = (...args: string[]) => ['--', process.execPath, train, '--out', '{run}', ...args];

/** The folder of a new report, and what the command printed. */
let reports = 0;
async function exec(options: readonly string[], command: readonly string[]) {
  reports += 1;
  const out = path.join(scratch, `report-${reports}`);
  const ended = await resumeproof(scratch, ['exec', '--out', out, ...options, ...command]);
  const verdicts = () =>
    gateSchema.parse(JSON.parse(readFileSync(path.join(out, 'verdict.json'), 'utf8'))).verdicts;
  return { ...ended, out, verdicts };
}

describe('exec', () => {
  test('proves a program that finds its newest checkpoint by itself, and writes a whole report', async () => {
    // It would train longer; the plan stops it, and no argument is shortened.
    const { exitCode, stdout, stderr, out, verdicts } = await exec(PLAN, program('--steps', '20'));
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/train .* proven/);
    // A log shows how far it is, before the verdict.
    const lines = stderr.split('\n').filter((line) => line.startsWith('train: '));
    expect(lines.map((line) => line.replace(/\([\d.]+ s/, '(S'))).toEqual([
      'train: control begins',
      'train: control exited after step 12 (S)',
      'train: before begins',
      'train: before stopped after step 4 (S)',
      'train: after-1 begins',
      'train: after-1 stopped after step 8 (S)',
      'train: after-2 begins',
      'train: after-2 exited after step 12 (S)',
    ]);
    const [verdict] = verdicts();
    expect(verdict).toMatchObject({
      scenario: 'train',
      outcome: 'proven',
      backend: { name: 'plain' },
      plan: { steps: 12, resumeAt: [4, 8] },
    });
    expect(verdict!.runs.map(({ id }) => id)).toEqual(['control', 'before', 'after-1', 'after-2']);
    for (const file of ['index.html', 'junit.xml']) expect(existsSync(path.join(out, file))).toBe(true);
    // Each starts with what the process before left, and is stopped at its first save.
    const filesOf = (id: string) => readdirSync(path.join(out, 'train', id, 'run')).sort();
    expect(filesOf('before')).toEqual(['step-2.json', 'step-4.json']);
    expect(filesOf('after-1')).toEqual(['step-2.json', 'step-4.json', 'step-6.json', 'step-8.json']);
  });

  test.each([
    ['{checkpoint}', "--resume '{checkpoint}'"],
    ['{run} and {step}', '--resume {run}/step-{step}.json'],
  ])('passes the checkpoint on as %s, and refutes a program that loses its momentum', async (_, words) => {
    const options = [...PLAN, '--resume-with', words];
    const lost = await exec(options, program('--lose-momentum'));
    expect(lost.exitCode, lost.stderr).toBe(1);
    const [verdict] = lost.verdicts();
    expect([verdict!.outcome, verdict!.findings[0]!.rule]).toEqual(['refuted', 'slots-not-restored']);
    expect(lost.stdout).toContain(`--resume-with '${words.replaceAll("'", String.raw`'\''`)}' -- `);
    expect((await exec(options, program())).exitCode).toBe(0);
  });

  test('gives each process a hash seed and a temporary folder of its own, and the working folder that is asked for', async () => {
    const file = path.join(scratch, 'tells.mjs');
    writeFileSync(
      file,
      `import { execFileSync } from 'node:child_process';
       import { writeFileSync } from 'node:fs';
       // Nobody can copy it, so it does not come to the next process.
       execFileSync('mkfifo', ['pipe']);
       const { PYTHONHASHSEED, TMPDIR, RESUMEPROOF_SEED, RESUMEPROOF_SCENARIO, HOME, PYTHONPATH } = process.env;
       writeFileSync('tells.json', JSON.stringify({ PYTHONHASHSEED, TMPDIR, RESUMEPROOF_SEED, HOME, PYTHONPATH }));
       writeFileSync(TMPDIR + '/left', '');
       process.argv.push('--out', '.');
       await import(${JSON.stringify(train)});`,
    );
    const places = ['--cwd', '{run}', '--env', 'HOME={own}', 'PYTHONPATH=mine'];
    const { exitCode, stderr, out, verdicts } = await exec(
      [...PLAN, ...places],
      ['--', process.execPath, file],
    );
    expect(exitCode, stderr).toBe(0);
    const ids = verdicts()[0]!.runs.map(({ id }) => id);
    const told = ids.map((id) =>
      JSON.parse(readFileSync(path.join(out, 'tells', id, 'run', 'tells.json'), 'utf8')),
    );
    for (const name of ['PYTHONHASHSEED', 'TMPDIR', 'HOME'])
      expect(new Set(told.map((one) => one[name])).size, name).toBe(ids.length);
    expect(new Set(told.map((one) => one.RESUMEPROOF_SEED))).toEqual(new Set(['0']));
    const [bootstrap, mine] = told[0].PYTHONPATH.split(path.delimiter);
    expect(existsSync(path.join(bootstrap, 'sitecustomize.py'))).toBe(true);
    expect(mine).toBe('mine');
    expect(told.filter(({ TMPDIR }) => existsSync(TMPDIR))).toEqual([]);
    expect(readFileSync(path.join(out, 'tells', 'control', 'trace.jsonl'), 'utf8')).toContain(
      '"left":["tmp/left"]',
    );
  });

  test.each<[string, string[], string[], RegExp]>([
    [
      'saves at other steps',
      ['--steps', '12', '--resume-at', '4,7'],
      program(),
      /train: the program saves nothing after step 7; saves were seen after steps 2, 4, 6, 8, 10, 12$/m,
    ],
    [
      'saves elsewhere',
      ['--env', 'X={run}', ...PLAN],
      ['--', process.execPath, train, '--out', 'outside'],
      /what the program saved after step 4 is outside of \{run\}: .*\/outside\/unfinished; make it save in \{run\}$/m,
    ],
    [
      'ends too early',
      PLAN,
      program('--steps', '10'),
      /the program ended after step 10 of 12; ask for fewer steps$/m,
    ],
    [
      'cannot be run',
      PLAN,
      ['--', 'no-such-program', '{run}'],
      /the program could not be run\n {2}\| spawn no-such-program ENOENT$/,
    ],
    [
      'does not train',
      PLAN,
      ['--', process.execPath, '-e', '0', '{run}'],
      /the program ended, but no recorder saw it train; Python reads/,
    ],
    [
      'refuses its arguments',
      PLAN,
      program('--wrong'),
      /the program ended with exit code 1 before its first step\n(.*\n)* {2}\| .*ERR_PARSE_ARGS_UNKNOWN_OPTION/,
    ],
    [
      'has no folder of its own',
      PLAN,
      ['--', process.execPath, train],
      /scenario train: \{run\} stands nowhere in the command/,
    ],
    ['has a quote without an end', [...PLAN, '--resume-with', "'"], program(), /a quote does not end in: '/],
    [
      'is resumed after its end',
      ['--steps', '3', '--resume-at', '4'],
      program(),
      /expected ascending resume points from 1 to 3/,
    ],
  ])('a program that %s is wrong usage', async (_, options, command, message) => {
    const { exitCode, stdout, stderr, out } = await exec(options, command);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(exitCode).toBe(2);
    // A report that was begun says the same, and not that somebody interrupted it.
    if (!existsSync(path.join(out, 'verdict.json'))) return;
    const { problem } = gateSchema.parse(JSON.parse(readFileSync(path.join(out, 'verdict.json'), 'utf8')));
    const [, why] = stderr.match(/^resumeproof: (\S+: .*)$/m)!;
    expect(problem).toBe(`${why}; 0 of 1 scenarios finished.`);
    const page = readFileSync(path.join(out, 'index.html'), 'utf8');
    expect(page).toContain('0 of 1 scenarios finished');
    expect(page).not.toContain('Interrupted');
  });

  test('a program that fails is judged, and its last words are shown without their escapes', async () => {
    const { exitCode, stderr, verdicts } = await exec(PLAN, program('--fail-at', '5'));
    expect(exitCode).toBe(1);
    const [verdict] = verdicts();
    expect([verdict!.outcome, verdict!.findings[0]!.rule]).toEqual(['inconclusive', 'run-died']);
    expect(stderr).toMatch(
      /resumeproof: control failed; its last lines:\n(.*\n)* {2}\| Error: no more ‹U\+001B›\[31mdata/,
    );
  });

  test('a program that makes no step within the limit is ended', async () => {
    const { exitCode, verdicts } = await exec([...PLAN, '--step-limit', '2'], program('--hang-at', '5'));
    expect(exitCode).toBe(1);
    expect(verdicts()[0]!.headline).toContain('it made no step within its time limit');
  });

  test('Ctrl-C ends the program and what it started', async () => {
    const launcher = path.join(scratch, 'launcher.mjs');
    const pids = path.join(scratch, 'pids');
    writeFileSync(
      launcher,
      `import { spawn } from 'node:child_process';
       import { writeFileSync } from 'node:fs';
       const args = [${JSON.stringify(train)}, ...process.argv.slice(2)];
       const child = spawn(process.execPath, args, { stdio: 'inherit' });
       writeFileSync(${JSON.stringify(pids)}, JSON.stringify([process.pid, child.pid]));
       child.on('exit', (code) => process.exit(code));`,
    );
    // A launcher that starts the program is followed.
    const through = ['--', process.execPath, launcher, '--out', '{run}'];
    expect((await exec(PLAN, through)).exitCode).toBe(0);
    rmSync(pids);
    const out = path.join(scratch, 'interrupted');
    const running = resumeproof(scratch, ['exec', '--out', out, ...PLAN, ...through, '--hang-at', '5']);
    for (
      let waited = 0;
      waited < 100 && !existsSync(path.join(out, 'launcher', 'control', 'saves.jsonl'));
      waited += 1
    )
      await passing(100);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect(exitCode, stderr).toBe(130);
    expect(await survivors(JSON.parse(readFileSync(pids, 'utf8')))).toEqual([]);
  });
});

test('a command that is saved as a scenario stands in the gate, and in no command that edits trainers', async () => {
  const own = path.join(scratch, 'scenarios');
  const saved = await exec(
    [...PLAN, '--save-scenario', 'plain', '--resume-with', '--resume {checkpoint}'],
    program(),
  );
  expect(saved.exitCode, saved.stderr).toBe(0);
  expect(saved.stderr).toContain('wrote scenarios/plain.ts');
  expect(readFileSync(path.join(own, 'plain.ts'), 'utf8')).toBe(`import { defineScenario } from 'resumeproof';

export default defineScenario({
  about: '${process.execPath} ${train} --out {run}',
  plan: { steps: 12, resumeAt: [4, 8] },
  command: {
    program: '${process.execPath}',
    args: ['${train}', '--out', '{run}'],
    resumeWith: ['--resume', '{checkpoint}'],
  },
});
`);
  cpSync(path.join(fixtures, 'scenarios', 'healthy.ts'), path.join(own, 'healthy.ts'));
  const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
  writeFileSync(path.join(own, 'healthy.ts'), `export { default } from ${healthy};\n`);
  const run = (...args: string[]) => resumeproof(scratch, args);
  const gate = await run('run', '--backend', 'cpu', '--fast', '--json');
  expect(gate.exitCode, gate.stderr).toBe(0);
  const { report: _, ...whole } = JSON.parse(gate.stdout);
  expect(
    gateSchema
      .parse(whole)
      .verdicts.map(({ scenario, outcome, backend }) => [scenario, outcome, backend?.name]),
  ).toEqual([
    ['healthy', 'proven', 'cpu'],
    ['plain', 'proven', 'plain'],
  ]);
  // On its own, it needs no backend of TensorFlow.js.
  const alone = await run('run', 'plain', '--backend', 'node-gpu', '--steps', '6', '--resume-at', '2');
  expect(alone.exitCode, alone.stderr).toBe(0);

  const again = await run('exec', ...PLAN, '--save-scenario', 'plain', ...program());
  expect([again.exitCode, again.stderr]).toEqual([2, expect.stringMatching(/plain\.ts exists already/)]);
  const elsewhere = await run('run', 'plain', '--resume-on', 'cpu');
  expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([
    2,
    expect.stringMatching(/--resume-on does not apply to a command/),
  ]);
  const fuzzed = await run('fuzz', 'plain', '--runs', '2', '--seed', '1');
  expect([fuzzed.exitCode, fuzzed.stdout]).toEqual([0, expect.stringContaining('No history failed.')]);
  const mutated = await run('mutants', 'plain');
  expect([mutated.exitCode, mutated.stderr]).toEqual([
    2,
    expect.stringMatching(/needs a scenario with a trainer, because faults cannot be put into a command$/),
  ]);
  const gpu = await run('run', 'plain', '--require-gpu');
  expect([gpu.exitCode, gpu.stderr]).toEqual([
    3,
    expect.stringMatching(/plain ran on none, which is no GPU/),
  ]);
});

describe('judge', () => {
  let runs: string;
  beforeAll(async () => {
    runs = path.join(scratch, 'runs');
    for (const [name, flags] of [
      ['sound', []],
      ['lossy', ['--lose-momentum']],
    ] as const) {
      const { out } = await exec(PLAN, program(...flags));
      cpSync(path.join(out, 'train'), path.join(runs, name), { recursive: true });
    }
  });
  const judge = (...args: string[]) => resumeproof(scratch, ['judge', ...args]);

  test('judges each case of a folder, and writes a report that stands on its own', async () => {
    const report = path.join(scratch, 'judged');
    const { exitCode, stdout, stderr } = await judge(runs, '--report', report);
    expect(exitCode, stderr).toBe(1);
    expect(stdout).toMatch(/✗ {2}lossy .*refuted(.*\n)*✓ {2}sound .*proven/);
    const gate = gateSchema.parse(JSON.parse(readFileSync(path.join(report, 'verdict.json'), 'utf8')));
    expect(gate).toMatchObject({ backend: 'plain', passed: false });
    for (const { trace } of gate.verdicts.flatMap((verdict) => verdict.runs))
      expect(existsSync(path.join(report, trace)), trace).toBe(true);
    for (const file of ['index.html', 'junit.xml']) expect(existsSync(path.join(report, file))).toBe(true);
    const one = await judge(path.join(runs, 'sound'));
    expect(one.exitCode, one.stderr).toBe(0);
    const full = await judge(runs, '--report', report);
    expect([full.exitCode, full.stderr]).toEqual([2, expect.stringMatching(/judged is not empty/)]);
  });

  test.each([
    ['control', /There is no trace of the control process/],
    ['before', /There is no trace of the before process/],
    ['after-1', /There is no trace of the after-1 process/],
    ['after-2', /There is no trace of the last \(resumed, to step 12\) process/],
  ])('proves nothing without the trace of %s, and says so', async (id, message) => {
    const own = path.join(scratch, `without-${id}`);
    cpSync(path.join(runs, 'sound'), own, { recursive: true });
    rmSync(path.join(own, id), { recursive: true });
    const { exitCode, stdout, stderr } = await judge(own);
    expect(stderr).toMatch(message);
    expect(stdout).toContain('inconclusive');
    expect(exitCode).toBe(1);
  });

  test('judges the conformance suite, whose traces are files', async () => {
    const suite = path.join(fixtures, 'traces', 'good');
    const { stdout } = await judge(
      ...['two-ranks', 'slots-lost'].map((name) => path.join(suite, name)),
      '--json',
    );
    const { report: _, ...gate } = JSON.parse(stdout);
    expect(gateSchema.parse(gate).verdicts.map(({ scenario, outcome }) => [scenario, outcome])).toEqual([
      ['two-ranks', 'proven'],
      ['slots-lost', 'refuted'],
    ]);
  });

  test('refuses folders without traces', async () => {
    mkdirSync(path.join(scratch, 'empty'), { recursive: true });
    for (const [folder, message] of [
      ['empty', /no traces in empty: expected a folder with a trace.jsonl for each process/],
      ['nowhere', /cannot read the folder nowhere/],
      ['runs/sound/control', /holds one process; name the folder that holds the folders of all processes/],
    ] as const) {
      const { exitCode, stderr } = await judge(folder);
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(message)]);
    }
  });
});

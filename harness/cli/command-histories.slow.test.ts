/** Histories that are no chain, of programs that are started by a command, as real processes. */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { python } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const train = path.join(fixtures, 'commands', 'train.mjs');
const plain = [process.execPath, train, '--out', '{run}'] as const;
const CHECKPOINT = ['--resume', '{checkpoint}'];

/** Resumes twice from one save and from older ones, and one of them is killed two steps after its own save. */
const OLDER_AND_KILLED: ScenarioHistory = {
  steps: 12,
  processes: [
    { id: 'first', until: 8, saves: [2, 4, 8] },
    { id: 'killed', from: { process: 'first', step: 4 }, until: 10, saves: [8], killed: true },
    { id: 'twice', from: { process: 'first', step: 4 }, until: 7 },
    { id: 'oldest', from: { process: 'first', step: 2 }, until: 6, saves: [6] },
    { id: 'last', from: { process: 'killed', step: 8 } },
  ],
};

const WITHOUT_A_STEP: ScenarioHistory = {
  steps: 8,
  processes: [
    { id: 'first', until: 4, saves: [4] },
    { id: 'idle', from: { process: 'first', step: 4 }, until: 4, saves: [4] },
    { id: 'last', from: { process: 'idle', step: 4 } },
  ],
};

let scratch: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-command-histories-')));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Asked {
  readonly plan: ScenarioHistory;
  readonly command: readonly [string, ...string[]];
  readonly resumeWith?: readonly string[];
}

/** Runs each as a scenario of a gate of its own. */
async function run(name: string, scenarios: Record<string, Asked>) {
  const folder = path.join(scratch, name);
  mkdirSync(path.join(folder, 'scenarios'), { recursive: true });
  for (const [own, { plan, command, resumeWith }] of Object.entries(scenarios)) {
    const [program, ...args] = command;
    const env = { OMP_NUM_THREADS: '1' };
    writeFileSync(
      path.join(folder, 'scenarios', `${own}.js`),
      `export default ${JSON.stringify({ about: own, plan, command: { program, args, resumeWith, env } })};\n`,
    );
  }
  const ended = await resumeproof(folder, ['run', '--jobs', '2', '--json']);
  const verdicts = (): Map<string, Verdict> => {
    expect(ended.stdout, ended.stderr).not.toBe('');
    const { report: _, ...gate } = JSON.parse(ended.stdout);
    return new Map(gateSchema.parse(gate).verdicts.map((verdict) => [verdict.scenario, verdict]));
  };
  const [report] = globSync(path.join(folder, 'reports', '*T*'));
  return { ...ended, verdicts, report: report! };
}

const outcomes = (verdicts: Map<string, Verdict>) =>
  Object.fromEntries([...verdicts].map(([name, { outcome, headline }]) => [name, `${outcome}: ${headline}`]));

describe('a program without a library', () => {
  test('is proven on resumes from older saves and after a kill, each with the folder as it was at that save', async () => {
    const { exitCode, stderr, verdicts, report } = await run('older', {
      newest: { plan: OLDER_AND_KILLED, command: [...plain] },
      named: { plan: OLDER_AND_KILLED, command: [...plain], resumeWith: CHECKPOINT },
      idle: { plan: WITHOUT_A_STEP, command: [...plain, '--save-on-load'] },
    });
    expect(exitCode, stderr).toBe(0);
    for (const verdict of verdicts().values()) expect(verdict.outcome, verdict.headline).toBe('proven');
    expect(verdicts().get('newest')!.history).toMatchObject(OLDER_AND_KILLED);
    const own = path.join(report, 'newest');
    const filesOf = (id: string) => readdirSync(path.join(own, id, 'run')).sort();
    // It found step 2 as the newest, although the process that saved it had gone on to step 8.
    expect(filesOf('oldest')).toEqual(['step-2.json', 'step-4.json', 'step-6.json']);
    expect(filesOf('last')).toEqual(
      ['step-10', 'step-12', 'step-2', 'step-4', 'step-6', 'step-8'].map((file) => `${file}.json`),
    );
    const { process: ended, end, steps } = await readTrace(path.join(own, 'killed', 'trace.jsonl'));
    expect([ended?.outcome, ended?.signal, end, steps.at(-1)?.step]).toEqual([
      'killed',
      'SIGKILL',
      undefined,
      10,
    ]);
    // Neither a copy nor a sign between the processes is left.
    expect(globSync(path.join(own, '*', '{saved,*held*}'))).toEqual([]);
    expect(existsSync(path.join(own, 'killed', 'run', 'step-10.json'))).toBe(true);
  });

  test('is refuted for what it loses in a save without a step, and for its momentum', async () => {
    const { exitCode, verdicts } = await run('lossy', {
      idle: { plan: WITHOUT_A_STEP, command: [...plain, '--save-on-load', '--lose-idle-momentum'] },
      older: { plan: OLDER_AND_KILLED, command: [...plain, '--lose-momentum'] },
    });
    expect(exitCode).toBe(1);
    expect(outcomes(verdicts())).toEqual({
      idle: expect.stringMatching(
        /^refuted: After resume 2, .*the process that saved, idle, had resumed and trained no step\.$/,
      ),
      older: expect.stringMatching(/^refuted: After resume 1, /),
    });
  });

  test.each<[string, Partial<ScenarioHistory>, RegExp]>([
    [
      'saves nothing without a step',
      WITHOUT_A_STEP,
      /one: process 'idle' is to save after step 4 without a step, but the program saves nothing between its load and its next step$/m,
    ],
    [
      'saves at other steps',
      {
        processes: [
          { id: 'a', until: 5, saves: [3, 4, 5] },
          { id: 'b', from: { process: 'a', step: 4 } },
        ],
      },
      /one: the program saves nothing after step 3 and 5; saves were seen after steps 2, 4, 6, 8$/m,
    ],
    [
      'is to change its settings',
      { changes: [{ at: 4, batchSize: 4 }] },
      /scenario .*one\.js: changes do not apply to a command: the control would have to make them while it trains$/m,
    ],
    [
      'is to run on a backend',
      {
        processes: [
          WITHOUT_A_STEP.processes[0]!,
          { id: 'b', from: { process: 'first', step: 4 }, backend: 'cpu' },
        ],
      },
      /process 'b' names a backend, but a command picks its device itself$/m,
    ],
  ])('that %s is refused', async (name, plan, message) => {
    const asked = { one: { plan: { ...WITHOUT_A_STEP, ...plan }, command: plain } };
    const { exitCode, stderr } = await run(name, asked);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
  });
});

test('exec takes a history from a file, names it in the command that runs it again, and saves it as a scenario', async () => {
  const history = path.join(scratch, 'history.json');
  writeFileSync(history, JSON.stringify(OLDER_AND_KILLED));
  const exec = (...args: string[]) => resumeproof(scratch, ['exec', ...args, '--', ...plain]);
  const first = await exec('--history', 'history.json', '--save-scenario', 'older', '--json');
  expect(first.exitCode, first.stderr).toBe(0);
  // What was killed as planned has not failed.
  expect(first.stderr).not.toContain('its last lines');
  const [verdict] = JSON.parse(first.stdout).verdicts as [Verdict];
  expect(verdict.replay).toContain('exec --history history.json -- ');
  const again = await resumeproof(scratch, ['run', 'older', '--json']);
  expect(again.exitCode, again.stderr).toBe(0);
  expect(JSON.parse(again.stdout).verdicts[0].history).toEqual(verdict.history);
  for (const args of [['--history', 'history.json', '--steps', '9'], ['--steps', '9'], []]) {
    const { exitCode, stderr } = await exec(...args);
    expect(stderr).toMatch(/expected --steps and --resume-at, or --history alone$/m);
    expect(exitCode).toBe(2);
  }
});

describe.skipIf(python === undefined)('with torch', () => {
  const script = (name: string, ...flags: string[]) =>
    [python!, path.join(fixtures, 'pytorch', `${name}.py`), '--out', '{run}', ...flags] as const;
  const saves = ['--save-at', '2,4,6,8,10'];

  test('a script is proven and refuted on any history, by its newest checkpoint or a named one', async () => {
    const { stderr, verdicts, report } = await run('pytorch', {
      newest: { plan: OLDER_AND_KILLED, command: script('healthy', '--resume', 'auto', ...saves) },
      named: { plan: OLDER_AND_KILLED, command: script('healthy', ...saves), resumeWith: CHECKPOINT },
      idle: {
        plan: WITHOUT_A_STEP,
        command: script('healthy', '--resume', 'auto', '--save-on-load', ...saves),
      },
      lossy: {
        plan: OLDER_AND_KILLED,
        command: script('optimizer_not_restored', '--resume', 'auto', ...saves),
      },
    });
    const proven = expect.stringMatching(/^proven/);
    expect(outcomes(verdicts()), stderr).toEqual({
      newest: proven,
      named: proven,
      idle: proven,
      lossy: expect.stringMatching(/^refuted: After resume 1, .*optimizer/),
    });
    const { process: ended, steps } = await readTrace(path.join(report, 'newest', 'killed', 'trace.jsonl'));
    expect([ended?.outcome, ended?.signal, steps.at(-1)?.step]).toEqual(['killed', 'SIGKILL', 10]);
    expect(readFileSync(path.join(report, 'newest', 'killed', 'output.txt'), 'utf8')).not.toContain(
      'step 12',
    );
  }, 900_000);
});

/** Histories that are no chain, of programs that are started by a command, as real processes. */
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { python, startWarmPython, type WarmPython } from './testing/python.ts';
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

/** Killed in the save after step 4, and resumed with what that leaves in the folder. */
const inSave = (operation: number, more: Partial<ScenarioHistory> = {}): ScenarioHistory => ({
  steps: 8,
  processes: [
    { id: 'first', until: 4, saves: [2], killed: true, inSave: operation },
    { id: 'last', from: { process: 'first', step: 2 } },
  ],
  ...more,
});

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

  test('is proven wherever in a save it is killed, and refuted if it loads what is left of that', async () => {
    const scenarios: Record<string, Asked> = {};
    for (const operation of [1, 2, 3, 4, 5]) {
      scenarios[`whole-${operation}`] = { plan: inSave(operation), command: plain };
      scenarios[`named-${operation}`] = { plan: inSave(operation), command: plain, resumeWith: CHECKPOINT };
      scenarios[`in-place-${operation}`] = { plan: inSave(operation), command: [...plain, '--in-place'] };
    }
    // Of the newest step, with the momentum of the one before.
    for (const operation of [4, 5, 8, 9])
      scenarios[`apart-${operation}`] = { plan: inSave(operation), command: [...plain, '--apart'] };
    // Nothing has removed the older one yet, and then it is gone.
    for (const operation of [5, 6])
      for (const [name, resumeWith] of [
        ['kept', []],
        ['kept-named', CHECKPOINT],
      ] as const)
        scenarios[`${name}-${operation}`] = {
          plan: inSave(operation),
          command: [...plain, '--keep-one'],
          resumeWith,
        };
    scenarios.noisy = { plan: inSave(60), command: [...plain, '--noise'] };
    const { verdicts, report, stderr } = await run('in-save', scenarios);
    const proven = expect.stringMatching(/^proven/);
    const torn = expect.stringMatching(/^refuted: After resume 1, the checkpoint was refused: /);
    expect(outcomes(verdicts()), stderr).toEqual({
      ...Object.fromEntries(
        [1, 2, 3, 4, 5].flatMap((n) => [
          [`whole-${n}`, proven],
          [`named-${n}`, proven],
        ]),
      ),
      'in-place-1': proven,
      'in-place-2': torn,
      'in-place-3': torn,
      'in-place-4': proven,
      'in-place-5': proven,
      'apart-4': proven,
      'apart-5': expect.stringMatching(/^refuted: After resume 1, .*slots/),
      'apart-8': expect.stringMatching(/^refuted: After resume 1, .*slots/),
      'apart-9': proven,
      'kept-5': proven,
      'kept-named-5': proven,
      'kept-6': proven,
      'kept-named-6': proven,
      // What was saved there, only the killed process knew.
      noisy: 'inconclusive: No state was recorded at the save: resume 1 cannot be judged.',
    });
    expect(verdicts().get('in-place-2')!.findings[0]!.likelyCause).toContain('was killed in a save');
    const filesOf = (name: string, id: string) => readdirSync(path.join(report, name, id, 'run')).sort();
    expect(filesOf('whole-3', 'first')).toEqual(['step-2.json', 'unfinished']);
    expect(filesOf('whole-3', 'last')).toEqual(
      ['step-2', 'step-4', 'step-6', 'step-8'].map((file) => `${file}.json`),
    );
    const { process: ended, end, steps } = await readTrace(path.join(report, 'whole-3/first/trace.jsonl'));
    expect([ended?.outcome, ended?.signal, end, steps.at(-1)?.step]).toEqual([
      'killed',
      'SIGKILL',
      undefined,
      4,
    ]);
    // The save was whole before the process died: it is judged as a resume from there.
    const { history } = verdicts().get('whole-5')!;
    expect(history).toMatchObject({
      processes: [{ until: 4, saves: [2, 4], killed: true }, { from: { process: 'first', step: 4 } }],
    });
    expect(history!.processes[0]).not.toHaveProperty('inSave');
    expect(verdicts().get('whole-4')!.history).toMatchObject(inSave(4));
    expect(verdicts().get('kept-named-5')!.history).toMatchObject(inSave(5));
    expect(verdicts().get('kept-named-6')!.history!.processes[1]!.from!.step).toBe(4);
  });

  test.each<[string, ScenarioHistory, string[], RegExp]>([
    [
      'saves nothing there',
      inSave(1, { processes: [{ ...inSave(1).processes[0]!, until: 5 }, inSave(1).processes[1]!] }),
      [],
      /one: the program saves nothing after step 5; saves were seen after steps 2, 4, 6, 8$/m,
    ],
    [
      'saves before that',
      inSave(1, { processes: [{ ...inSave(1).processes[0]!, until: 6 }, inSave(1).processes[1]!] }),
      [],
      /one: the program also saves after step 4, between the last save of 'first' and the one that it is killed in: name it in its saves$/m,
    ],
    [
      'ends before what it may resume from',
      inSave(1, {
        processes: [
          inSave(1).processes[0]!,
          { id: 'short', from: { process: 'first', step: 2 }, until: 4 },
          inSave(1).processes[1]!,
        ],
      }),
      [],
      /process 'short' starts from step 2 with what is left of a save after step 4: expected it to train past that step, and to save only after it$/m,
    ],
    [
      'is recorded by what cannot kill it there',
      inSave(1),
      ['--never-in-save'],
      /one: 'first' is to be killed in the save after step 4, but what records the program cannot do that: it tells of no save with inSave \(docs\/recorder\.md\); leave inSave out$/m,
    ],
  ])('that is killed in a save and %s is refused', async (name, plan, flags, message) => {
    const { exitCode, stderr } = await run(name, { one: { plan, command: [...plain, ...flags] } });
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(2);
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

/** Keeps the newest checkpoint only, in one file, which it writes in place. With --fresh, it starts anew without one. */
const LATEST = `
import os, sys, torch
file = os.path.join(sys.argv[1], "latest.pt")
os.makedirs(sys.argv[1], exist_ok=True)
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
at = 0
if os.path.exists(file):
    try:
        saved = torch.load(file)
        at = saved["at"]
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
    except Exception:
        if "--fresh" not in sys.argv:
            raise
while at < 8:
    model(torch.randn(8, 4, generator=torch.Generator().manual_seed(at))).square().mean().backward()
    optimizer.step()
    optimizer.zero_grad()
    at += 1
    if at % 2 == 0:
        torch.save({"at": at, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
`;

describe.skipIf(python === undefined)('with torch', () => {
  let warm: WarmPython;
  beforeAll(async () => {
    warm = await startWarmPython();
  });
  afterAll(() => warm.end());
  const script = (name: string, ...flags: string[]) =>
    [...warm.words, path.join(fixtures, 'pytorch', `${name}.py`), '--out', '{run}', ...flags] as const;
  const saves = ['--save-at', '2,4,6,8,10'];

  test('a script is proven and refuted after a kill in a save', async () => {
    const latest = path.join(scratch, 'latest.py');
    writeFileSync(latest, LATEST);
    const healthy = script('healthy', '--resume', 'auto', ...saves);
    const words = healthy.slice(warm.words.length);
    const { stderr, verdicts } = await run('pytorch-in-save', {
      // Half of the file is written, in a Python that was just started; and then it was renamed.
      half: { plan: inSave(3), command: [python!, ...words] },
      whole: { plan: inSave(5), command: healthy },
      torn: { plan: inSave(3), command: [...warm.words, latest, '{run}'] },
      fresh: { plan: inSave(2), command: [...warm.words, latest, '{run}', '--fresh'] },
      written: { plan: inSave(4), command: [...warm.words, latest, '{run}'] },
    });
    const proven = expect.stringMatching(/^proven/);
    expect(outcomes(verdicts()), stderr).toEqual({
      half: proven,
      whole: proven,
      torn: expect.stringMatching(/^refuted: After resume 1, the checkpoint was refused: /),
      fresh: expect.stringMatching(/^refuted: After resume 1, /),
      written: proven,
    });
    for (const [name, step] of [
      ['half', 2],
      ['whole', 4],
      ['written', 4],
    ] as const)
      expect(verdicts().get(name)!.history!.processes[1]!.from).toEqual({ process: 'first', step });
  }, 900_000);

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

/** Programs of PyTorch that are stopped by SystemExit and by SIGTERM, as real processes. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import type { Command } from '../training/command.ts';
import { python, startWarmPython, type WarmPython } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const HEAD = `
import signal, sys, time
sys.path.insert(0, ${JSON.stringify(path.join(fixtures, 'pytorch'))})
import healthy, loop

class Trainer(healthy.Trainer):
    ending = False

    def __init__(self, options, model):
        super().__init__(options, model)
        self.options = options
        self.prepare()

    def prepare(self):
        pass

    def save(self):
        loop.save(self, self.options)
        print("saved at the end", flush=True)
`;

/** What each does when it is stopped. */
const PROGRAMS = {
  /** Nothing. */
  plain: 'loop.run(Trainer)',
  /** Ends its step, saves, and exits with an error, as a job does that is to be queued again. */
  flag: `
class Flag(Trainer):
    def prepare(self):
        signal.signal(signal.SIGTERM, self.end)

    def end(self, *_):
        self.ending = True

    def train_step(self):
        if self.ending:
            self.save()
            sys.exit(143)
        return super().train_step()

loop.run(Flag)`,
  /** Starts the one above, and is gone at once by SIGTERM. */
  launcher: `
import pathlib, subprocess
program = str(pathlib.Path(__file__).with_name("flag.py"))
sys.exit(subprocess.call([sys.executable, program, *sys.argv[1:]]))`,
  /** Saves at once, when the next batch was drawn already. */
  atOnce: `
class AtOnce(Trainer):
    def prepare(self):
        signal.signal(signal.SIGTERM, self.end)

    def end(self, *_):
        self.save()
        sys.exit(0)

loop.run(AtOnce)`,
  /** Never ends by itself. */
  hangs: `
class Hangs(Trainer):
    def prepare(self):
        signal.signal(signal.SIGTERM, lambda *_: time.sleep(1000))

loop.run(Hangs)`,
  ignores: `
signal.signal(signal.SIGTERM, signal.SIG_IGN)
loop.run(Trainer)`,
  /** Saves while it cleans up, when the next batch was drawn already. */
  cleansUp: `
made = []
class CleansUp(Trainer):
    def prepare(self):
        made.append(self)

try:
    loop.run(CleansUp)
finally:
    if made[0].at < made[0].options.steps:
        made[0].save()`,
  /** Takes the exit for an error of one step, and goes on. */
  swallows: `
class Swallows(Trainer):
    def train_step(self):
        try:
            return super().train_step()
        except BaseException:
            return super().train_step()

loop.run(Swallows)`,
} as const;

let scratch: string;
let warm: WarmPython;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-command-stops-')));
  for (const [name, text] of Object.entries(PROGRAMS))
    writeFileSync(path.join(scratch, `${name}.py`), HEAD + text);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function run(
  folder: string,
  scenarios: Record<string, [keyof typeof PROGRAMS, Pick<Command, 'stop' | 'grace'>]>,
) {
  const own = path.join(scratch, folder);
  mkdirSync(path.join(own, 'scenarios'), { recursive: true });
  for (const [name, [program, how]] of Object.entries(scenarios)) {
    const [starts, ...words] = warm.words;
    const args = [...words, path.join(scratch, `${program}.py`), '--out', '{run}', '--resume', 'auto'];
    // The one that gets the signal.
    const env = { OMP_NUM_THREADS: '1', START_ANEW: how.stop === 'signal' ? 'before' : '' };
    const command = { program: starts, args, env, ...how };
    const scenario = { about: name, plan: { steps: 8, resumeAt: 4 }, command };
    writeFileSync(path.join(own, 'scenarios', `${name}.js`), `export default ${JSON.stringify(scenario)};\n`);
  }
  const ended = await resumeproof(own, ['run', '--jobs', '2', '--json']);
  return { ...ended, report: globSync(path.join(own, 'reports', '*T*'))[0]! };
}

describe.skipIf(python === undefined)('a script', () => {
  beforeAll(async () => {
    warm = await startWarmPython();
  });
  afterAll(() => warm.end());

  test('is stopped as it is asked for, and judged by what it does then', async () => {
    const { stdout, stderr, report } = await run('judged', {
      exits: ['plain', { stop: 'exit' }],
      'cleans-up': ['cleansUp', {}],
      'cleans-up-exit': ['cleansUp', { stop: 'exit' }],
      'swallows-exit': ['swallows', { stop: 'exit' }],
      dies: ['plain', { stop: 'signal' }],
      flag: ['flag', { stop: 'signal' }],
      launched: ['launcher', { stop: 'signal' }],
      'at-once': ['atOnce', {}],
      'at-once-signal': ['atOnce', { stop: 'signal' }],
      hangs: ['hangs', { stop: 'signal', grace: 1 }],
    });
    expect(stdout, stderr).not.toBe('');
    const { report: _, ...gate } = JSON.parse(stdout);
    const said = gateSchema
      .parse(gate)
      .verdicts.map(({ scenario, outcome, headline }) => [scenario, `${outcome}: ${headline}`]);
    const proven = expect.stringMatching(/^proven/);
    const batchLost = expect.stringMatching(
      /^refuted: After resume 1, the data continues 8 examples too late/,
    );
    expect(Object.fromEntries(said), stderr).toEqual({
      exits: proven,
      'cleans-up': proven,
      'cleans-up-exit': batchLost,
      'swallows-exit': proven,
      dies: proven,
      flag: proven,
      launched: proven,
      'at-once': proven,
      'at-once-signal': batchLost,
      hangs: proven,
    });
    const endOf = async (name: string) =>
      (await readTrace(path.join(report, name, 'before', 'trace.jsonl'))).process;
    const stopped = { outcome: 'stopped-as-planned' };
    expect(await endOf('exits')).toMatchObject({ ...stopped, exitCode: 0 });
    expect(await endOf('dies')).toMatchObject({ ...stopped, signal: 'SIGTERM' });
    // It came in step 4, so that its save is that of step 4.
    expect(await endOf('flag')).toMatchObject({ ...stopped, exitCode: 143 });
    expect(await endOf('hangs')).toMatchObject({ ...stopped, signal: 'SIGKILL' });
    const output = (name: string) => readFileSync(path.join(report, name, 'before', 'output.txt'), 'utf8');
    for (const name of ['flag', 'launched']) {
      expect(output(name), name).not.toContain('step 5 ');
      expect(output(name), name).toContain('saved at the end');
    }
    expect((await endOf('swallows-exit'))!.stderr.join('\n')).toContain('goes on after SystemExit');
  }, 900_000);

  test('that goes on after SIGTERM is refused', async () => {
    const { exitCode, stderr } = await run('refused', {
      ignores: ['ignores', { stop: 'signal', grace: 20 }],
    });
    expect(stderr).toMatch(
      /ignores: 'before' trains 8 more steps after SIGTERM before it saves, so it cannot be stopped after step 4 in this way; choose a later step, or another way to stop$/m,
    );
    expect(exitCode).toBe(2);
  }, 300_000);
});

/** Saves that harm a program which is started by a command: its control never saves. */
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { python, startWarmPython } from './testing/python.ts';
import { fixtures, resumeproof } from './testing/start.ts';

const train = path.join(fixtures, 'commands', 'train.mjs');
const plain = [process.execPath, train, '--out', '{run}'];
const PLAN = ['--steps', '12', '--resume-at', '4,8'];
const NEVER = ['--never-save-with', '--save-every 99'];

let scratch: string;
beforeAll(async () => {
  scratch = await realpath(await mkdtemp(path.join(tmpdir(), 'resumeproof-command-savers-')));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

let reports = 0;
async function exec(options: readonly string[], command: readonly string[]) {
  reports += 1;
  const out = path.join(scratch, `report-${reports}`);
  const env = { OMP_NUM_THREADS: '1' };
  const args = ['exec', '--out', out, ...options, '--', ...command];
  const ended = await resumeproof(scratch, args, { env });
  const verdict = () => {
    const gate = gateSchema.parse(JSON.parse(readFileSync(path.join(out, 'verdict.json'), 'utf8')));
    return gate.verdicts[0]!;
  };
  return { ...ended, verdict };
}

test('a save that rounds the weights is found only where the control never saves', async () => {
  const sound = await exec([...PLAN, ...NEVER], plain);
  expect(sound.exitCode, sound.stderr).toBe(0);
  const { runs, replay } = sound.verdict();
  expect(runs.map(({ id }) => id)).toEqual(['control', 'before', 'after-1', 'after-2', 'saver']);
  expect(replay).toContain("--never-save-with '--save-every 99'");

  // In each process alike, so that nothing shows.
  expect((await exec(PLAN, [...plain, '--round-to-save'])).exitCode).toBe(0);
  const harms = await exec([...PLAN, ...NEVER], [...plain, '--round-to-save']);
  expect(harms.exitCode).toBe(1);
  expect(harms.verdict()).toMatchObject({
    outcome: 'refuted',
    headline: expect.stringMatching(
      /^A run that saves departs from the control, which never saves, at step 3: /,
    ),
  });
  // Also where it is saved at the resume points only.
  const rare = [...plain, '--round-to-save', '--save-every', '4'];
  expect((await exec([...PLAN, ...NEVER], rare)).verdict()).toMatchObject({
    outcome: 'refuted',
    headline: expect.stringMatching(
      /^A run that saves departs from the control, which never saves, at step 5: /,
    ),
  });
});

test.each<[string, string[], string[], RegExp]>([
  [
    'saves all the same',
    ['--never-save-with', '--save-every 5'],
    [],
    /train: the program saves after step 5 and 10, though it was started with --save-every 5$/m,
  ],
  [
    'saves nothing where it is to be resumed',
    ['--never-save-with', '--save-every 99'],
    ['--save-every', '3'],
    /train: the program saves nothing after step 4 and 8; saves were seen after steps 3, 6, 9, 12$/m,
  ],
])('a program that %s is refused', async (_, options, flags, message) => {
  const { exitCode, stderr } = await exec([...PLAN, ...options], [...plain, ...flags]);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(2);
});

/** Halves the precision of the model for a small checkpoint, and goes on with what is left. */
const ROUNDS = `
import sys
sys.path.insert(0, ${JSON.stringify(path.join(fixtures, 'pytorch'))})
import healthy
from loop import run

class Trainer(healthy.Trainer):
    def state(self):
        state = super().state()
        state["model"] = {name: value.half() for name, value in self.model.half().state_dict().items()}
        self.model.float()
        return state

run(Trainer)
`;

describe.skipIf(python === undefined)('with torch', () => {
  test('a script is proven, and refuted for a save that rounds its weights', async () => {
    const rounds = path.join(scratch, 'rounds.py');
    writeFileSync(rounds, ROUNDS);
    const never = ['--never-save-with', "--save-at ''"];
    const warm = await startWarmPython();
    onTestFinished(() => warm.end());
    const command = (script: string) => [...warm.words, script, '--out', '{run}', '--resume', 'auto'];
    const sound = await exec([...PLAN, ...never], command(path.join(fixtures, 'pytorch', 'healthy.py')));
    expect(sound.exitCode, sound.stderr).toBe(0);
    expect((await exec(PLAN, command(rounds))).exitCode).toBe(0);
    const harms = await exec([...PLAN, ...never], command(rounds));
    expect(harms.exitCode, harms.stderr).toBe(1);
    expect(harms.verdict()).toMatchObject({
      outcome: 'refuted',
      headline: expect.stringMatching(
        /^A run that saves departs from the control, which never saves, at step 4: /,
      ),
    });
  }, 600_000);
});

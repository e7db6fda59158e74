/** Histories that are no chain, run by real processes: what a chain of resumes never shows. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { readTrace } from '../trace/read.ts';
import { fixtures, resumeproof, verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-histories-'));
  verdicts = await verdictsOn('histories', scratch, ['--reports', path.join(scratch, 'reports')]);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  'twice',
  'without-a-step',
  'older-and-killed',
  'killed-in-save',
  'longer',
  'longer-without-a-step',
  'saved-in-vain',
  'other-batches',
  'loop',
])('%s: a healthy trainer is proven', (name) => {
  const { outcome, headline, findings } = verdicts.get(name)!;
  expect({ outcome, findings }, headline).toEqual({ outcome: 'proven', findings: [] });
});

test.each([
  [
    'twice-deleted',
    /^After resume 2, the program fails with .*; 'one' had loaded the same checkpoint before\.$/,
  ],
  [
    'twice-spoiled',
    /^After resume 2, the only optimizer slot was zeroed.*; 'one' had loaded the same checkpoint before\.$/,
  ],
  [
    'killed-in-save-alone',
    /^After resume 1, the program fails with an error at step 4: the checkpoint was removed after the save, by .*: ENOENT/,
  ],
  [
    'without-a-step-empty',
    /^After resume 2, the only optimizer slot was zeroed.*; the process that saved, idle, had resumed and trained no step\.$/,
  ],
  [
    'longer-ignored',
    /^After resume 1, .*learning rates differ.*the schedule has a different .*length.*; this resume was to change the run to steps 10\.$/,
  ],
  [
    'other-batches-ignored',
    /^After resume 1, .*another size than in the control \(2 instead of 4\).*; this resume was to change the run to batchSize 4\.$/,
  ],
])('%s: the verdict says what the history shows', (name, sentence) => {
  const { outcome, headline } = verdicts.get(name)!;
  expect({ outcome, headline }).toEqual({ outcome: 'refuted', headline: expect.stringMatching(sentence) });
});

test('a killed process ends by SIGKILL after its step, without an end', async () => {
  const { runs } = verdicts.get('older-and-killed')!;
  const [report] = await reports();
  const { trace } = runs.find(({ id }) => id === 'killed')!;
  const { process, end, steps } = await readTrace(path.join(report!, trace));
  expect({ ...process, end, last: steps.at(-1)?.step }).toMatchObject({
    outcome: 'killed',
    signal: 'SIGKILL',
    end: undefined,
    last: 8,
  });
});

const reports = async (): Promise<string[]> => {
  const { globSync } = await import('node:fs');
  return globSync(path.join(scratch, 'reports', '*-cpu'));
};

test('a history from a file is run and named in the command that runs it again', async () => {
  const { history } = verdicts.get('older-and-killed')!;
  const file = path.join(scratch, 'history.json');
  await writeFile(file, JSON.stringify(history));
  const args = ['run', path.join(fixtures, 'histories', 'twice.ts'), '--backend', 'cpu', '--json'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, [...args, '--history', file]);
  expect(exitCode, stderr).toBe(0);
  const [verdict] = JSON.parse(stdout).verdicts as [Verdict];
  expect(verdict.history).toEqual(JSON.parse(await readFile(file, 'utf8')));
  expect(verdict.replay).toContain('--history history.json');
  await writeFile(file, '{ "steps": 8, "processes": [{ "id": "a", "unitl": 4 }] }');
  const refused = await resumeproof(scratch, [...args, '--history', file]);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('processes.0: Unrecognized key: "unitl"');
});

/** `--fast`: each run ends as soon as its proofs are settled, and the verdict says how far it went. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { pageText } from '../report/testing/page-text.ts';
import { readTrace } from '../trace/read.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let scratch: string;
let folder: string;
let terminal: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-fast-'));
  const args = ['run', '--scenarios', path.join(fixtures, 'fast'), '--backend', 'cpu', '--fast'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(1);
  terminal = stdout;
  const [run] = reportsIn(path.join(scratch, 'reports'));
  folder = path.join(scratch, 'reports', run!);
  const gate = gateSchema.parse(JSON.parse(await readFile(path.join(folder, 'verdict.json'), 'utf8')));
  verdicts = new Map(gate.verdicts.map((verdict) => [verdict.scenario, verdict]));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The last step of each process, by its folder. */
async function lastSteps(scenario: string): Promise<Record<string, number | undefined>> {
  const { runs } = verdicts.get(scenario)!;
  const traces = await Promise.all(runs.map(({ trace }) => readTrace(path.join(folder, trace))));
  return Object.fromEntries(traces.map((trace) => [trace.file.split(path.sep).at(-2), trace.end?.step]));
}

test('a healthy run ends once everything that moves has moved again, and every report says so', async () => {
  const verdict = verdicts.get('settles')!;
  expect(verdict).toMatchObject({
    outcome: 'proven',
    plan: { steps: 40, resumeAt: [4, 7] },
    cut: { steps: 9, resumes: 2 },
  });
  expect(verdict.headline).toMatch(/over 5 steps\. Ended by --fast after step 9 of 40\.$/);
  expect(verdict.replay).toContain('--steps 40 --resume-at 4,7 --fast');
  expect(await lastSteps('settles')).toEqual({ control: 9, before: 4, 'after-1': 7, 'after-2': 9 });
  const told =
    /Ended by --fast after step 9 of 40 and resume 2 of 2: everything that had moved .* only later were not/;
  const reports = await Promise.all(
    ['index.html', 'junit.xml'].map((file) => readFile(path.join(folder, file), 'utf8')),
  );
  for (const text of [terminal, ...reports.map(pageText)]) expect(text).toMatch(told);
});

test('a silent no-op ends the resumed run at the control’s first update', async () => {
  const verdict = verdicts.get('no-op')!;
  expect(verdict).toMatchObject({ outcome: 'refuted', cut: { steps: 4, resumes: 1 } });
  expect(verdict.findings[0]).toMatchObject({ rule: 'silent-no-op', resume: 1, step: 4 });
  expect(await lastSteps('no-op')).toEqual({ control: 10, before: 3, 'after-1': 4 });
});

test('a known fault that shows only later is waited for; with an unknown one the verdict is marked as cut', async () => {
  expect(verdicts.get('late')).toMatchObject({ outcome: 'refuted', asExpected: true, cut: null });
  expect(await lastSteps('late')).toEqual({ control: 8, saver: 8, before: 3, 'after-1': 8 });
  expect(verdicts.get('late-unknown')).toMatchObject({ outcome: 'proven', cut: { steps: 4 } });
});

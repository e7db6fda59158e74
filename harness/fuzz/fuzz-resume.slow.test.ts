/** Searches as tests start them, on real processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { histories } from '../fast-check.ts';
import { assertResumes, type FuzzResumeOptions, fuzzResume, NotProvenError } from '../index.ts';
import { historyOf } from '../trace/history.ts';

const fixture = (name: string): string =>
  path.join(import.meta.dirname, '..', '..', 'fixtures', 'fuzz', `${name}.ts`);

let scratch: string;
let options: FuzzResumeOptions;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-fuzz-resume-'));
  options = { backend: 'cpu', seed: 3, reports: scratch, regressions: path.join(scratch, 'regressions') };
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test('a healthy trainer passes, with what was tried', async () => {
  const found = await fuzzResume(fixture('healthy'), { ...options, runs: 8, maxSteps: 12 });
  expect(found).toMatchObject({ seed: 3, histories: { length: 9 } });
  expect(found.proven + found.inconclusive).toBe(9);
  expect(found.proven).toBeGreaterThan(4);
});

test('a failure reads like the verdict, with the smallest history', async () => {
  const error = await fuzzResume(fixture('second-resume'), { ...options, runs: 12 }).catch((one) => one);
  expect(error).toBeInstanceOf(NotProvenError);
  expect(error.message).toMatch(
    /^second-resume is refuted: After resume 2, the only optimizer slot was zeroed/,
  );
  for (const line of [
    /likely cause: \S/,
    /report: +\S+index\.html/,
    /history: {6}before to 1 \(saves 1\); after-1 from before 1 without a step \(saves 1\); after-2 from after-1 1 to 2/,
    /seed: +3/,
    /commit: +\S*regressions\/second-resume\.json/,
  ])
    expect(error.message).toMatch(line);
  expect(error.verdict.findings[0].rule).toBe('slots-not-restored');
});

test('fast-check draws the same histories, and shrinks a failure as far', async () => {
  const file = fixture('written-at-exit');
  const property = fc.asyncProperty(histories({ steps: 6 }), (history) =>
    assertResumes(file, { backend: 'cpu', reports: scratch, history }),
  );
  const { counterexample, failed } = await fc.check(property, { numRuns: 40, seed: 5 });
  expect(failed).toBe(true);
  const { processes, steps } = historyOf({ steps: 2, resumeAt: [1] });
  const [before, after] = processes;
  expect(counterexample).toEqual([{ steps, processes: [{ ...before, killed: true }, after] }]);
});

test('what is asked wrongly is said in a line', async () => {
  const wrong = (asked: object, file = fixture('healthy')) =>
    fuzzResume(file, { ...options, ...asked }).catch((error) => error.message);
  expect(await wrong({ run: 3 })).toBe('the options: Unrecognized key: "run"');
  expect(await wrong({ maxSteps: 1 })).toMatch(/^maxSteps must be at least 2/);
  expect(await wrong({}, fixture('missing'))).toMatch(/^no scenario file at /);
  expect(() => histories({ steps: 1 })).toThrow(/expected at least 2 steps/);
});

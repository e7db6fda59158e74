import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-fuzz-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const scenarios = path.join(fixtures, 'scenarios');
const fuzzed = ['fuzz', '--scenarios', scenarios, '--backend', 'cpu', '--seed', '7', '--json'];

test('finds exactly the plans that fail in mid-accumulation, and the smallest of them', async () => {
  const { exitCode, stdout, stderr } = await resumeproof(scratch, [
    ...fuzzed,
    'accumulated-gradients-forgotten',
    '--runs',
    '8',
  ]);
  expect(exitCode, stderr).toBe(0);
  const { smallest, cases } = JSON.parse(stdout) as {
    smallest: { plan: { steps: number; resumeAt: number[] }; rule: string; replay: string };
    cases: { plan: { steps: number; resumeAt: number[] }; outcome: string }[];
  };
  expect(smallest.rule).toBe('gradients-not-restored');
  expect(smallest.plan).toEqual({ steps: 2, resumeAt: [1] });
  // An update takes four micro-batches: a save falls in mid-accumulation unless its step is a multiple of four.
  for (const { plan, outcome } of cases) {
    expect(outcome === 'refuted', JSON.stringify(plan)).toBe(plan.resumeAt.some((step) => step % 4 !== 0));
  }
  const replayed = smallest.replay
    .split(' ')
    .slice(4)
    .filter((word) => !word.includes('fixtures') && word !== '--scenarios');
  const again = await resumeproof(scratch, [...replayed, '--scenarios', scenarios, '--json']);
  expect(JSON.parse(again.stdout).verdicts[0].findings[0].rule).toBe('gradients-not-restored');
  const kept = await readdir(path.join(scratch, 'reports'));
  expect(kept.filter((name) => name.includes('fuzz'))).toHaveLength(1);
});

test('a healthy trainer has no failing plan, and fuzz takes one scenario at a time', async () => {
  const { exitCode, stdout, stderr } = await resumeproof(scratch, [
    ...fuzzed,
    'healthy',
    '--runs',
    '5',
    '--max-steps',
    '9',
  ]);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ smallest: null, refuted: 0, asExpected: true });
  const two = await resumeproof(scratch, [...fuzzed, '*']);
  expect(two).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('matches 3 scenarios') });
});

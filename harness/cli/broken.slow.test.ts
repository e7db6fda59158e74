import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { fixtures, resumeproof, verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-broken-'));
  verdicts = await verdictsOn('broken-scenarios', scratch);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  ['throws', 'refuted', 'run-died', /error at step 6: the data loader gave up/],
  ['throws-text', 'refuted', 'run-died', /error at step 6: aborted by the kernel/],
  ['killed', 'inconclusive', 'run-died', /SIGKILL ended it[\s\S]*about to be killed/],
  [
    'hangs',
    'inconclusive',
    'run-died',
    /the harness ended it, because it made no step within its time limit/,
  ],
  [
    'dawdles',
    'inconclusive',
    'run-died',
    /the harness ended it, because it did not end within its time limit/,
  ],
  [
    'leaves-early',
    'inconclusive',
    'trace-incomplete',
    /trace of the after-1 process ends before the run did/,
  ],
  [
    'cannot-save',
    'refuted',
    'save-failed',
    /before process could not save at step 4: the disk is read-only\./,
  ],
  ['not-finite', 'refuted', 'run-died', /non-finite at step 6: the loss is NaN/],
  ['out-of-memory', 'refuted', 'run-died', /out-of-memory at step 6: Array buffer allocation failed/],
  ['changes-backend', 'refuted', 'run-died', /opened on cpu, but TensorFlow.js now uses wasm/],
  [
    'damaged-checkpoint',
    'refuted',
    'run-died',
    /resume-refused at step 4: .*model\.safetensors: expected .* SHA-256/,
  ],
  ['unplugged', 'inconclusive', 'state-missing', /No state was recorded at the save/],
])('scenario %s ends as %s, reported by %s', (name, outcome, rule, says) => {
  const verdict = verdicts.get(name)!;
  expect(verdict).toMatchObject({ outcome, asExpected: false });
  const [headline] = verdict.findings;
  expect(headline?.rule).toBe(rule);
  expect(`${headline?.sentence}\n${headline?.seen}`).toMatch(says);
});

test('a missing kernel skips a scenario visibly, and megabytes of output do not block one', () => {
  expect(verdicts.get('missing-kernel')).toMatchObject({
    outcome: 'skipped',
    headline: 'Skipped: cpu has no kernel MatMulOfTomorrow.',
  });
  expect(verdicts.get('chatters')?.outcome).toBe('proven');
});

test('an unexpected outcome names the section that explains its rule', async () => {
  const file = path.join(fixtures, 'broken-scenarios', 'cannot-save.ts');
  const { exitCode, stdout } = await resumeproof(scratch, ['run', file, '--backend', 'cpu']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(
    /✗ cannot-save: .*\n {2}\S*cannot-save\.ts:6:11\n(?: {2}[ >].*\n)+ {2}likely cause: .*\n {2}fix: .*\n {2}see \S.* explain save-failed\n {2}run again: /,
  );
});

test('a gate that skips everything fails', async () => {
  const file = path.join(fixtures, 'broken-scenarios', 'missing-kernel.ts');
  const { exitCode, stdout } = await resumeproof(scratch, ['run', file, '--backend', 'cpu']);
  expect(exitCode).toBe(1);
  expect(stdout).toContain('– missing-kernel: Skipped: cpu has no kernel MatMulOfTomorrow.');
  expect(stdout).toContain('Every scenario was skipped on this backend, so nothing was proven');
});

test('Ctrl-C ends every process, keeps the finished results and says so', async () => {
  const args = [
    'run',
    path.join(fixtures, 'scenarios', 'healthy.ts'),
    path.join(fixtures, 'broken-scenarios', 'hangs.ts'),
  ];
  const running = resumeproof(scratch, [
    ...args,
    '--backend',
    'cpu',
    '--reports',
    'interrupted',
    '--steps',
    '6',
    '--resume-at',
    '4',
  ]);
  const child = running as unknown as { stderr: NodeJS.ReadableStream; kill(signal: string): boolean };
  let said = '';
  await new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('[1/2]')) resolve();
    });
  });
  child.kill('SIGINT');
  const { exitCode, stdout, stderr } = await running;
  expect(exitCode).toBe(130);
  expect(stderr).toMatch(/Interrupted: 1 of 2 scenarios finished; their results are kept/);
  expect(stdout).toMatch(/✓ {2}healthy .* proven/);
  const [run] = await readdir(path.join(scratch, 'interrupted'));
  const traces = await readdir(path.join(scratch, 'interrupted', run!, 'hangs'), { recursive: true });
  const pids = await Promise.all(
    traces
      .filter((file) => file.endsWith('trace.jsonl'))
      .map(async (file) => {
        const text = await readFile(path.join(scratch, 'interrupted', run!, 'hangs', file), 'utf8');
        const [first] = text.split('\n').filter((line) => line.includes('"pid"'));
        return first === undefined ? [] : [JSON.parse(first).process.pid as number];
      }),
  );
  expect(pids.flat().length).toBeGreaterThan(0);
  for (const pid of pids.flat()) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

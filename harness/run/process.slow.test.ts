/** A process that asks whether to go on: while it waits for the answer, and when the answer fails. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as passing } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTrace } from '../trace/read.ts';
import { type ProcessOptions, type ProcessResult, runProcess } from './process.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-process-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const SECONDS = 10;

/** Asks after its third step, and saves after its fifth. */
function asking(name: string, onAsk: ProcessOptions['onAsk'] & {}): Promise<ProcessResult> {
  const folder = path.join(scratch, name);
  return runProcess(
    {
      scenario: 'healthy',
      file: path.join(import.meta.dirname, '..', '..', 'fixtures', 'scenarios', 'healthy.ts'),
      role: 'before',
      id: 'before',
      plan: { steps: 9, resumeAt: [5] },
      horizon: 9,
      changes: [],
      seed: 0,
      backend: 'cpu',
      requireGpu: false,
      images: null,
      folder,
      work: null,
      checkpoint: null,
      from: null,
      until: 5,
      saves: [5],
      savesIn: folder,
      passes: [],
      killed: false,
      inSave: null,
      askAt: 3,
      settle: false,
      fault: null,
      ask: [],
    },
    {
      limits: { step: SECONDS, run: SECONDS },
      signal: new AbortController().signal,
      read: readTrace,
      onProgress() {},
      onAsk,
    },
  );
}

test('the clock stops while it waits for the answer', async () => {
  const { trace } = await asking('waits', async () => {
    await passing(SECONDS * 1100);
    return true;
  });
  expect(trace.process).toMatchObject({ outcome: 'exited', exitCode: 0 });
  expect(trace.end?.step).toBe(5);
});

test('an answer that fails ends the process and is thrown', async () => {
  await expect(
    asking('fails', async () => {
      throw new Error('no judgement');
    }),
  ).rejects.toThrow('no judgement');
  const { process } = await readTrace(path.join(scratch, 'fails', 'trace.jsonl'));
  expect(process).toMatchObject({ signal: 'SIGKILL' });
});

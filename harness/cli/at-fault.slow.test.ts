/** What is read in a checkpoint shows whether the save or the load lost something. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-at-fault-'));
  verdicts = await verdictsOn('at-fault', scratch, ['--reports', 'reports']);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  ['own', 'load', 'the checkpoint holds the right values, so the load is at fault'],
  ['own', 'save', 'the checkpoint does not hold the right values, so the save is at fault'],
  ['safetensors', 'load', 'the checkpoint holds the right values, so the load is at fault'],
  ['safetensors', 'save', 'the checkpoint does not hold the right values, so the save is at fault'],
  ['layers-model', 'load', 'the checkpoint holds the right values, so the load is at fault'],
  ['layers-model', 'save', 'the checkpoint does not hold the right values, so the save is at fault'],
  ['unknown', 'load', 'either the save or the load is at fault'],
  ['unknown', 'save', 'either the save or the load is at fault'],
])('in the format %s, the %s loses the momentum', (format, by, says) => {
  const { outcome, headline } = verdicts.get(`${format}-${by}`)!;
  expect(outcome).toBe('refuted');
  expect(headline).toMatch(/^After resume 1, the only optimizer slot was zeroed: it was created again; /);
  expect(headline).toContain(`; ${says}`);
});

/** A save that harms the run that goes on after it. The interrupted run ends right after its save and never sees it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-saves-'));
  verdicts = await verdictsOn('harmful-saves', scratch);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  [
    'clears-momentum',
    'Saving changes what is trained: after the save of step 3 in the saver process, the only optimizer slot changed.',
  ],
  [
    'freezes-hidden-scale',
    'A run that saves departs from the control, which never saves, at step 4: the save changes something that observe() does not return.',
  ],
  [
    'writes-later',
    "The checkpoint 'step-3' was written again after save() had returned, while training went on.",
  ],
  [
    'repeats-first',
    'Resumed from the checkpoint of step 6, which is not the first of the process that saved it, the run holds what the same process saved at step 3.',
  ],
])('%s: the verdict says what the save did', (name, sentence) => {
  const { outcome, headline, findings } = verdicts.get(name)!;
  expect({ outcome, headline }).toEqual({ outcome: 'refuted', headline: sentence });
  expect(findings[0]!.sentence).toBe(sentence);
});

test('a save that only reads is proven', () => {
  expect(verdicts.get('harmless')?.outcome).toBe('proven');
});

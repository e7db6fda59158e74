/** Sampling that changes what is trained spoils the control and the resumed run alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-sampling-'));
  verdicts = await verdictsOn('harmful-sampling', scratch);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  ['keeps-average', 'the only parameter has the values of its EMA', /not taken out again/],
  ['draws-from-training', "the only random generator moved ('noise')", /from a generator of the training/],
  ['updates-statistics', 'the only buffer changed', /samples in training mode/],
])('%s: the verdict says what sampling changed, and why', (name, what, why) => {
  const { outcome, headline, findings } = verdicts.get(name)!;
  expect(outcome).toBe('refuted');
  expect(headline).toBe(
    `Drawing samples changes what is trained: after the samples of step 3 in the control process, ${what}.`,
  );
  expect(findings.map(({ rule }) => rule)).toEqual(['sampling-changes-state']);
  expect(findings[0]!.likelyCause).toMatch(why);
});

test('a model that stays in evaluation mode, which nothing observes, differs from a run that never samples', () => {
  expect(verdicts.get('stays-in-evaluation-mode')).toMatchObject({
    outcome: 'refuted',
    headline:
      "A run that saves and never samples departs from the control, which samples and never saves, at step 4: after sampling, 'mean' stands still in the control: the model stays in evaluation mode, or sampling stops something else.",
  });
});

test('weights that are exchanged for sampling and put back are proven', () => {
  expect(verdicts.get('harmless')?.outcome).toBe('proven');
});

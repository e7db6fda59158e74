/** Declared deviations, in real processes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema, type Verdict } from '../judge/verdict.ts';
import { pageText } from '../report/testing/page-text.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
let told: Record<'page' | 'junit' | 'terminal', string>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-deviations-'));
  const args = ['run', '--scenarios', path.join(fixtures, 'deviations'), '--backend', 'cpu'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(1);
  const [folder] = reportsIn(path.join(scratch, 'reports'));
  const [verdict, page, junit] = await Promise.all(
    ['verdict.json', 'index.html', 'junit.xml'].map((file) =>
      readFile(path.join(scratch, 'reports', folder!, file), 'utf8'),
    ),
  );
  const gate = gateSchema.parse(JSON.parse(verdict!));
  verdicts = new Map(gate.verdicts.map((verdict) => [verdict.scenario, verdict]));
  told = { page: pageText(page!), junit: junit!, terminal: stdout };
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const rulesOf = (name: string): string[] => verdicts.get(name)!.findings.map(({ rule }) => rule);

test('a declared deviation that happens is reported, and everything else is proven', () => {
  for (const name of ['declared', 'declared-all'])
    expect(verdicts.get(name)).toMatchObject({ outcome: 'proven', findings: [] });
  expect(verdicts.get('declared')!.headline).toContain(
    'with the declared deviations data-order, step-count, precision',
  );
  expect(verdicts.get('declared')!.deviations).toMatchObject([
    {
      kind: 'data-order',
      entries: [
        { name: 'data.position', resume: 1, saved: '12', resumed: '0' },
        { resume: 2, saved: '8' },
      ],
    },
    { kind: 'step-count', entries: [{ name: 'step', saved: '3', resumed: '0' }, { saved: '2' }] },
    { kind: 'precision', entryCount: 6 },
  ]);
  for (const text of Object.values(told)) {
    expect(text).toContain('By declaration, step-count: step 0 instead of 3 (resume 1)');
  }
  expect(told.terminal).toMatch(/✓ +declared +(✓ proven, by declaration +){3}proven/);
});

test.each([
  ['undeclared', 'refuted', 'parameters-not-restored', /all 3 parameters are not what was saved/],
  [
    'not-done',
    'refuted',
    'deviation-did-not-happen',
    /'data-order' did not happen: 1 of 2 deviating entries .* 'data.position'/,
  ],
  ['more-lost', 'refuted', 'slots-not-restored', /all 6 optimizer slots are missing/],
  [
    'unable',
    'inconclusive',
    'run-died',
    /declares deviates: \['step-count'\], but its trainer has no deviate/,
  ],
])('%s ends as %s, headed by %s', (name, outcome, rule, says) => {
  const verdict = verdicts.get(name)!;
  expect(verdict).toMatchObject({ outcome, asExpected: false });
  expect(verdict.findings[0]?.rule, rulesOf(name).join()).toBe(rule);
  expect(verdict.findings[0]?.sentence).toMatch(says);
});

test('where a declared deviation does not happen, that is the cause of what follows', () => {
  expect(verdicts.get('not-done')).toMatchObject({
    cause: 'deviation-did-not-happen',
    headline: expect.stringMatching(/'data-order' did not happen: 'data.position' was restored as saved/),
  });
  expect(rulesOf('not-done')).toContain('batches-differ');
});

test('a declared deviation does not count as lost; anything else that is lost does', () => {
  expect(rulesOf('more-lost')).not.toContain('counters-not-restored');
  expect(rulesOf('undeclared')).not.toContain('counters-not-restored');
  expect(rulesOf('not-done')).not.toContain('counters-not-restored');
});

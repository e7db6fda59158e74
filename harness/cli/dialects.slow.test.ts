/** Real faults of real trainers, in the words of other recorders: each has the verdict that it has in our own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { surveyDialects } from '../judge/testing/dialect-survey.ts';
import { DIALECTS } from '../judge/testing/dialects.ts';
import { reportsIn, resumeproof } from './testing/start.ts';

const scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-dialects-'));
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** What a dialect does not tell. */
const LOST: readonly (readonly [dialect: RegExp, fault: RegExp, why: string])[] = [
  [/^no step$/, /^optimizer-step-/, 'nothing shows the step'],
  [/^(no step|one step|optax)/, /^optimizer-step-of-one-parameter$/, 'one count is the largest of all'],
  [/^(one step|optax)/, /^optimizers-registered-late$/, 'one count is that of the optimizer that came back'],
];

test('the cause of a real fault does not depend on the dialect of the traces', async () => {
  const scenarios = path.join(import.meta.dirname, '..', '..', 'scenarios');
  const faults = ['*moment*', 'slots-*', 'optimizer*', 'hooks-stale-group', 'hooks-orphaned', 'master-*'];
  const args = [
    'mutants',
    'small-*',
    'gan',
    'master-weights',
    '--fault',
    ...faults,
    '--sample',
    '1',
    '--keep',
  ];
  const { stderr } = await resumeproof(scratch, [...args, '--scenarios', scenarios, '--backend', 'wasm']);
  const [run] = reportsIn(path.join(scratch, 'reports'));
  const { judged, apart } = await surveyDialects(path.join(scratch, 'reports', run!), DIALECTS);
  expect(judged, stderr).toBeGreaterThan(10 * DIALECTS.length);
  const lost = ({ dialect, fault }: (typeof apart)[number]): boolean =>
    LOST.some(([those, faults]) => those.test(dialect) && faults.test(fault));
  expect(apart.filter((one) => !lost(one))).toEqual([]);
});

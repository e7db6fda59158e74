/** Real traces of real scenarios, one damage each: none is proven that is not known to be harmless. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { surveyDamages } from '../judge/testing/survey.ts';
import { reportsIn, resumeproof } from './testing/start.ts';

const scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-damages-'));
afterAll(() => rm(scratch, { recursive: true, force: true }));

const SCENARIOS = [
  'accumulation',
  'after-the-last-step',
  'deviates-data-and-step',
  'deviates-stored-in-half',
  'frozen-layers',
  'master-weights',
  'several-resumes',
  'small-optimizer-groups',
  'tied-weights',
];

test('no damaged run of a real scenario is proven', async () => {
  const scenarios = path.join(import.meta.dirname, '..', '..', 'scenarios');
  const args = ['run', ...SCENARIOS, '--scenarios', scenarios, '--backend', 'wasm'];
  const { exitCode, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(0);
  const [run] = reportsIn(path.join(scratch, 'reports'));
  const seed = Date.now() % 2 ** 31;
  const survey = await surveyDamages(path.join(scratch, 'reports', run!), 3000, seed);
  expect(survey, `seed ${seed}`).toMatchObject({ scenarios: SCENARIOS.length, proven: [], thrown: [] });
});

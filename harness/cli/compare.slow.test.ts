import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { pastRunSchema } from '../report/past.ts';
import { detailsIn } from '../report/testing/page-text.ts';
import { resumeproof } from './testing/start.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-compare-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const fixtures = path.join(import.meta.dirname, '..', '..', 'fixtures', 'scenarios');

/** Makes the scenario what a fixture is, expects it to be proven, and runs it. */
async function runAs(fixture: string, ...args: string[]) {
  mkdirSync(path.join(scratch, 'scenarios'), { recursive: true });
  const source = JSON.stringify(path.join(fixtures, `${fixture}.ts`));
  writeFileSync(
    path.join(scratch, 'scenarios', 'own.ts'),
    `import scenario from ${source};\nexport default { ...scenario, expect: 'proven' };\n`,
  );
  const run = await resumeproof(scratch, ['run', '--backend', 'cpu', ...args]);
  const page = /Report: (.*)/.exec(run.stdout)?.[1];
  return { ...run, page: page === undefined ? '' : readFileSync(path.join(scratch, page), 'utf8') };
}

test('a run tells what changed since the last one, and keeps what it found for later runs', async () => {
  const first = await runAs('healthy', '--compare', 'last');
  expect(first.stderr).toContain('--compare last: there is no earlier report in reports');
  expect(first.exitCode).toBe(0);
  const second = await runAs('accumulated-gradients-forgotten', '--compare', 'last');
  expect(second.exitCode).toBe(1);
  expect(second.stdout).toMatch(/^Since \d{4}-.* UTC.*, newly failing: own\.$/m);
  const history = path.join(scratch, 'reports', 'history.jsonl');
  appendFileSync(history, '{"broken\n');
  const third = await runAs('healthy', '--compare', 'last');
  expect(third.exitCode).toBe(0);
  expect(third.stdout).toMatch(/, mended: own\.$/m);
  expect(third.page).toContain('"change":"mended"');
  expect(third.page).toContain('1 line of history.jsonl cannot be read');
  expect(detailsIn(third.page)[0]!.trend.map(({ failing }) => failing)).toEqual([0, 1]);
  const lines = readFileSync(history, 'utf8').trim().split('\n');
  const runs = [lines[0]!, lines[1]!, lines[3]!].map((line) => pastRunSchema.parse(JSON.parse(line)));
  expect(runs.map(({ passed }) => passed)).toEqual([true, false, true]);
  for (const { scenarios } of runs) expect(scenarios[0]!.norm).toBeGreaterThan(0);
  const nowhere = await runAs('healthy', '--compare', 'nowhere');
  expect(nowhere.exitCode).toBe(2);
  expect(nowhere.stderr).toContain(
    "--compare: nowhere has no verdict.json; name the folder of a report, or 'last'",
  );
});

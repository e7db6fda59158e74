import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportsIn, resumeproof } from '../harness/cli/testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-scenarios-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** Runs a copy of a scenario from another folder, with its source changed. */
async function runChanged(name: string, change: (source: string) => string, args: readonly string[] = []) {
  const source = await readFile(path.join(import.meta.dirname, `${name}.ts`), 'utf8');
  const changed = change(source);
  expect(changed).not.toBe(source);
  const elsewhere = changed.replaceAll(
    /from '(\..*)'/g,
    (_, file) => `from '${path.join(import.meta.dirname, file)}'`,
  );
  const file = path.join(scratch, `${name}.ts`);
  await writeFile(file, elsewhere);
  const { exitCode, stdout, stderr } = await resumeproof(scratch, [
    'run',
    file,
    '--backend',
    'wasm',
    '--json',
    ...args,
  ]);
  expect(stdout, stderr).not.toBe('');
  const { verdicts, report } = JSON.parse(stdout);
  const page = await readFile(report.html, 'utf8');
  return { exitCode, verdict: verdicts[0], firstSentence: /<h1>(.*?)<\/h1>/.exec(page)?.[1] };
}

/** Changes the order of assembly in a scenario's source. */
const ordered = (source: string, order: string): string =>
  source
    .replace('import { defineScenario }', 'import { defineScenario, reordered, without }')
    .replace('{ replaceVariables: true }', `{ order: (assembly) => ${order}, replaceVariables: true }`);

test.each([['hooks-after-resume-backward-pass'], ['hooks-after-resume-optimizer-groups']])(
  '%s fails without the stage that registers hooks, and the report’s first sentence says why',
  async (name) => {
    const { exitCode, firstSentence } = await runChanged(name, (source) =>
      ordered(source, "without(assembly, 'hooks')"),
    );
    expect(exitCode).toBe(1);
    expect(firstSentence).toMatch(
      /Failed in hooks-after-resume-.*: The control never trained: .*no gradient hook fired/,
    );
  },
);

test('it fails for another reason when that stage runs before the resume', async () => {
  const { exitCode, firstSentence, verdict } = await runChanged(
    'hooks-after-resume-backward-pass',
    (source) => ordered(source, "reordered(assembly, 'hooks', { before: 'load' })"),
  );
  expect(exitCode).toBe(1);
  expect(firstSentence).toMatch(/After resume 1, no gradient hook fires: .* nothing moved in 12 steps/);
  expect(verdict.cause).toBe('hooks-on-old-parameters');
  const rules = verdict.findings.map(({ rule }: { rule: string }) => rule);
  expect(rules).toEqual(expect.arrayContaining(['silent-no-op', 'samples-unchanged', 'hooks-silent']));
});

test('a known fault that has been fixed fails the gate', async () => {
  const { exitCode, firstSentence } = await runChanged('hooks-stale-group-optimizer-groups', (source) =>
    source.replace("reordered(assembly, 'hooks', { before: 'load' })", 'assembly'),
  );
  expect(exitCode).toBe(1);
  expect(firstSentence).toMatch(/a known fault was not confirmed/);
});

test('a scenario trains on the images of any folder', async () => {
  const images = path.join(import.meta.dirname, '..', 'fixtures', 'images', '2_inverted');
  const args = ['--images', images, '--steps', '4', '--resume-at', '2'];
  const { exitCode, verdict } = await runChanged('accumulation', (source) => `${source}\n`, args);
  expect(verdict.headline).toMatch(/indistinguishable/);
  expect(exitCode).toBe(0);
  const [run] = reportsIn(path.join(scratch, 'reports')).slice(-1);
  const trace = await readFile(
    path.join(scratch, 'reports', run!, 'accumulation', 'control', 'trace.jsonl'),
    'utf8',
  );
  const steps = trace.split('\n').filter((line) => line.includes('"kind":"step"'));
  // The images are in the folder itself, so their ids have no sub-folder.
  expect(JSON.parse(steps[0]!).claimed.batch[0]).toMatch(/^\d-\d{4}\.png#1$/);
});

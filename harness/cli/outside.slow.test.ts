/** State that a trainer keeps outside the checkpoint does not reach the process that resumes. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { fixtures, resumeproof, verdictsOn } from './testing/start.ts';

let scratch: string;
let verdicts: Map<string, Verdict>;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-outside-'));
  verdicts = await verdictsOn('outside-checkpoint', scratch, ['--reports', 'reports']);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.each([
  ['temporary-folder', 'tmp/momentum.json'],
  ['home-folder', 'home/.trainer/momentum.json'],
  ['cache-folder', 'home/.cache/momentum.json'],
  ['working-folder', 'work/momentum.json'],
  ['next-to-checkpoint', 'saving/momentum.json'],
])('momentum in a file is found out, and the file is named: %s', (name, file) => {
  const { outcome, headline } = verdicts.get(name)!;
  expect(outcome).toBe('refuted');
  expect(headline).toMatch(/^After resume 1, the only optimizer slot was zeroed/);
  expect(headline).toContain(
    `outside the checkpoint, where the resumed process cannot see it, the process that saved left '${file}'`,
  );
});

test('a checkpoint that refers to its own file by an absolute path is found out', () => {
  expect(verdicts.get('absolute-path')).toMatchObject({
    outcome: 'refuted',
    headline: expect.stringMatching(/^After resume 1, the only optimizer slot was zeroed/),
  });
});

test.each([
  ['absolute-path-strict', /an error at step 3: the checkpoint was moved after the save \(.*\): ENOENT/],
  ['temporary-folder-strict', /the file is outside the checkpoint, .*: ENOENT.*left 'tmp\/momentum\.json'/],
])('a resume that insists on the missing file says why it is missing: %s', (name, says) => {
  const { outcome, headline } = verdicts.get(name)!;
  expect(outcome).toBe('refuted');
  expect(headline).toMatch(says);
});

test('momentum in the checkpoint is proven', () => {
  expect(verdicts.get('inside')?.outcome).toBe('proven');
});

test('nothing is left of the folders, and the checkpoints are where reports expect them', async () => {
  const files = await readdir(path.join(scratch, 'reports'), { recursive: true });
  expect(files.filter((file) => /[/\\](?:own|saving)(?:[/\\]|$)/.test(file))).toEqual([]);
  expect(
    files.filter((file) => file.endsWith(path.join('inside', 'checkpoints', 'after-1', 'step-6'))),
  ).toHaveLength(1);
});

/** A scenario that reads a data file relative to its working folder. */
async function reading(name: string, option: string): Promise<string> {
  const file = path.join(scratch, `${name}.ts`);
  await writeFile(path.join(scratch, 'rows.json'), '[1, 2, 3]');
  await writeFile(
    file,
    `import { readFileSync } from 'node:fs';
     import inside from ${JSON.stringify(path.join(fixtures, 'outside-checkpoint', 'inside.ts'))};
     export default { ...inside, ${option} trainer: (context) => {
       JSON.parse(readFileSync('rows.json', 'utf8'));
       return inside.trainer(context);
     } };`,
  );
  return file;
}

test('a data file that is named relative to the working folder is missing, and the error says why', async () => {
  const { stdout } = await resumeproof(scratch, ['run', await reading('alone', ''), '--backend', 'cpu']);
  expect(stdout).toMatch(
    /control process died: error at step 0: each process has empty .* own \(.*find data by import\.meta, or set sharesFolders\): ENOENT: .*rows\.json/,
  );
});

test('it is found by a scenario that shares the folders of the command', async () => {
  const file = await reading('shared', 'sharesFolders: true,');
  const { exitCode, stdout } = await resumeproof(scratch, ['run', file, '--backend', 'cpu']);
  expect(exitCode, stdout).toBe(0);
});

/** A failure of the harness itself is reported in one line, ends the rest and keeps the finished results. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-failing-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const healthy = path.join(fixtures, 'scenarios', 'healthy.ts');

/** A scenario whose trace cannot be finished: a file takes the place of its folder. */
async function unwritable(folders: string): Promise<string> {
  const file = path.join(scratch, 'unwritable.ts');
  const lines = [
    "import { globSync, renameSync, writeFileSync } from 'node:fs';",
    `import healthy from ${JSON.stringify(healthy)};`,
    'export default { ...healthy, sharesFolders: true, trainer: async (context) => {',
    '  const trainer = await healthy.trainer(context);',
    `  for (const folder of ${folders}) {`,
    "    renameSync(folder, folder + '-gone');",
    "    writeFileSync(folder, '');",
    '  }',
    '  return trainer;',
    '} };',
  ];
  await writeFile(file, lines.join('\n'));
  return file;
}

async function reported(reports: string, file: string): Promise<Record<string, unknown>> {
  const [run] = reportsIn(path.join(scratch, reports));
  return JSON.parse(await readFile(path.join(scratch, reports, run!, file), 'utf8'));
}

test('a trace that cannot be written ends the gate with exit code 3, and keeps the verdict before it', async () => {
  const folders = "context.role === 'control' ? globSync('gate/*/unwritable/control') : []";
  const file = await unwritable(folders);
  await writeFile(path.join(scratch, 'later.ts'), `export { default } from ${JSON.stringify(healthy)};\n`);
  const scenarios = [healthy, file, path.join(scratch, 'later.ts')];
  const args = ['run', ...scenarios, '--backend', 'cpu', '--jobs', '1', '--reports', 'gate'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(3);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^resumeproof: E\w+: .*unwritable.control/);
  expect(await reported('gate', 'verdict.json')).toMatchObject({
    passed: false,
    problem: expect.stringMatching(/^E\w+: .*unwritable.control.*; 1 of 3 scenarios finished\.$/),
    verdicts: [{ scenario: 'healthy', outcome: 'proven' }],
  });
});

test('a trace that cannot be written ends the matrix with exit code 3, and keeps the cells before it', async () => {
  const folders = "context.role === 'after' ? globSync('matrix/*/unwritable/**/weights-zeroed/after-1') : []";
  const file = await unwritable(folders);
  const faults = ['--faults', path.join(fixtures, 'faults'), '--fault'];
  faults.push('weights-assigned-anew', 'weights-zeroed', 'saves-zeros');
  const args = ['mutants', file, ...faults, '--backend', 'cpu', '--jobs', '1', '--reports', 'matrix'];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(3);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n').at(-1)).toMatch(/^resumeproof: E\w+: .*weights-zeroed/);
  expect(await reported('matrix', 'matrix.json')).toMatchObject({
    passed: false,
    problem: expect.stringMatching(/^Interrupted: the finished cells are kept/),
    cells: { equivalent: 1, notRun: 2 },
  });
});

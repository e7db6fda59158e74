import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-kill-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const MODULE = pathToFileURL(path.join(import.meta.dirname, 'kill-in-save.ts')).href;

/** What a save leaves in a folder when it is killed before an operation. */
function leftBy(save: string, operation: number): { signal: string | null; files: Record<string, string> } {
  const folder = mkdtempSync(path.join(scratch, 'save-'));
  const program = `
    import { killInSave } from '${MODULE}';
    const killing = await killInSave();
    const fs = await import('node:fs');
    const { open, writeFile, rename, rm, mkdir } = await import('node:fs/promises');
    process.chdir(${JSON.stringify(folder)});
    fs.writeFileSync('old', 'old');
    await killing.killedAt(${operation}, async () => { ${save} });`;
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--no-warnings', '-e', program], {
    timeout: 20_000,
  });
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const files = names.map(({ parentPath, name }) => [
    name,
    readFileSync(path.join(parentPath, name), 'utf8'),
  ]);
  return { signal, files: Object.fromEntries(files) };
}

test.each([
  [
    'promises',
    `await writeFile('new', 'new'); await rm('old'); await rename('new', 'old');`,
    [{ old: 'old' }, { old: 'old', new: '' }, { old: 'old', new: 'new' }, { new: 'new' }, { old: 'new' }],
  ],
  [
    'calls that block',
    `fs.mkdirSync('a/b', { recursive: true }); fs.writeFileSync('a/b/new', 'new'); fs.rmSync('old');`,
    [{ old: 'old' }, { old: 'old' }, { old: 'old', new: '' }, { old: 'old', new: 'new' }, { new: 'new' }],
  ],
  [
    'callbacks',
    `await new Promise((done) => fs.writeFile('new', 'new', () => fs.unlink('old', done)));`,
    [{ old: 'old' }, { old: 'old', new: '' }, { old: 'old', new: 'new' }, { new: 'new' }],
  ],
  [
    'an open file',
    `const file = await open('new', 'w'); await file.write('ne'); await file.write('w'); await file.close();`,
    [{ old: 'old' }, { old: 'old', new: '' }, { old: 'old', new: 'ne' }, { old: 'old', new: 'new' }],
  ],
])('%s: the files are those of the operations before', (_name, save, expected) => {
  for (const [before, files] of expected.entries())
    expect(leftBy(save, before + 1), `before operation ${before + 1}`).toEqual({ signal: 'SIGKILL', files });
});

test('reading is no operation, and what is appended to is not made empty', () => {
  const save = `fs.readFileSync('old'); (await open('old')).close(); await writeFile('old', '+', { flag: 'a' });`;
  expect(leftBy(save, 2).files).toEqual({ old: 'old' });
  expect(leftBy(save, 3)).toEqual({ signal: 'SIGKILL', files: { old: 'old+' } });
});

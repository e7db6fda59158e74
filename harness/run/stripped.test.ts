import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stripped-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (): string => path.join(folder, 'program.ts');

/** What the program prints, in a process of its own. */
function run(cache: string): string {
  const args = ['--no-warnings', `--import=${new URL('stripped.mjs', import.meta.url).href}`, file()];
  const env = { ...process.env, RESUMEPROOF_STRIPPED: cache };
  return execFileSync(process.execPath, args, { env, encoding: 'utf8' });
}

test('a file is stripped once, a changed one anew, and errors keep their lines', async () => {
  const cache = path.join(folder, 'cache');
  await writeFile(file(), 'const says: string = "one";\nprocess.stdout.write(says);\n');
  expect([run(cache), run(cache)]).toEqual(['one', 'one']);
  expect(await readdir(cache)).toHaveLength(1);
  await writeFile(
    file(),
    'type Text =\n  string;\nconst says: Text = new Error("two").stack!;\nprocess.stdout.write(says);\n',
  );
  expect(run(cache)).toMatch(/two\n.*program\.ts:3:20/);
  expect(await readdir(cache)).toHaveLength(2);
});

test('what is kept is what is run, and where nothing can be kept the program runs all the same', async () => {
  const cache = path.join(folder, 'other');
  await writeFile(file(), 'const says: string = "kept";\nprocess.stdout.write(says);\n');
  run(cache);
  const [kept] = await readdir(cache);
  await writeFile(path.join(cache, kept!), 'process.stdout.write("from the cache");');
  expect(run(cache)).toBe('from the cache');
  await writeFile(path.join(folder, 'a-file'), '');
  expect(run(path.join(folder, 'a-file'))).toBe('kept');
});

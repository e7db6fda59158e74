import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stripping-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (): string => path.join(folder, 'program.ts');

/** What the program prints in its own process. */
function run(cache: string): string {
  const args = ['--no-warnings', `--import=${new URL('stripping.mjs', import.meta.url).href}`, file()];
  const env = { ...process.env, RESUMEPROOF_STRIPPED: cache };
  return execFileSync(process.execPath, args, { env, encoding: 'utf8' });
}

test('a file is stripped once, a changed file again, and errors keep their lines', async () => {
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

test('the cached text is what runs, and the program also runs if nothing can be cached', async () => {
  const cache = path.join(folder, 'other');
  await writeFile(file(), 'const says: string = "kept";\nprocess.stdout.write(says);\n');
  run(cache);
  const [kept] = await readdir(cache);
  const text = 'process.stdout.write("from the cache");';
  await writeFile(path.join(cache, kept!), createHash('sha256').update(text).digest('hex') + text);
  expect(run(cache)).toBe('from the cache');
  await writeFile(path.join(folder, 'a-file'), '');
  expect(run(path.join(folder, 'a-file'))).toBe('kept');
});

test.each<[how: string, damage: (bytes: Buffer) => Buffer]>([
  ['is empty', () => Buffer.alloc(0)],
  ['is filled with zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['is cut', (bytes) => bytes.subarray(0, -1)],
  ['has another byte', (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.from('//')])],
])('a cache file that %s is made again', async (how, damage) => {
  const cache = path.join(folder, how);
  await writeFile(file(), 'const says: string = "whole";\nprocess.stdout.write(says);\n');
  expect(run(cache)).toBe('whole');
  const [kept] = await readdir(cache);
  const whole = await readFile(path.join(cache, kept!));
  await writeFile(path.join(cache, kept!), damage(whole));
  expect(run(cache)).toBe('whole');
  expect(await readFile(path.join(cache, kept!))).toEqual(whole);
});

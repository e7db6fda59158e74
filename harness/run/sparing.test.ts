import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sparing-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (): string => path.join(folder, 'program.ts');

/** What the program prints in its own process. */
function run(cache: string): string {
  const args = ['--no-warnings', `--import=${new URL('sparing.mjs', import.meta.url).href}`, file()];
  const env = { ...process.env, RESUMEPROOF_SPARED: cache };
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

test('a CommonJS package gives the same module with and without cached names, and a changed one gives its own', async () => {
  const cache = path.join(folder, 'names');
  const inside = path.join(folder, 'node_modules', 'old');
  await mkdir(inside, { recursive: true });
  await writeFile(path.join(inside, 'package.json'), '{ "main": "main.js" }');
  const main = path.join(inside, 'main.js');
  const lines = [
    "Object.defineProperty(exports, '__esModule', { value: true });",
    'exports.default = 1; exports.named = 2; exports["not-a-word"] = 3;',
    'exports[["hid", "den"].join("")] = 4;',
    'globalThis.times = (globalThis.times ?? 0) + 1;',
  ];
  await writeFile(main, lines.join('\n'));
  await writeFile(
    file(),
    [
      "import whole, * as old from 'old';",
      "import { createRequire } from 'node:module';",
      "const same: boolean = createRequire(import.meta.url)('old') === whole;",
      'const says = { names: Object.keys(old), named: old.named, hidden: whole.hidden, same, times: globalThis.times };',
      'process.stdout.write(JSON.stringify(says));',
    ].join('\n'),
  );
  const without = run('');
  expect(JSON.parse(without)).toEqual({
    names: ['__esModule', 'default', 'named', 'not-a-word'],
    named: 2,
    hidden: 4,
    same: true,
    times: 1,
  });
  expect([run(cache), run(cache)]).toEqual([without, without]);
  // The program without its types, and the package's names.
  expect(await readdir(cache)).toHaveLength(2);
  await writeFile(main, 'module.exports = { named: 5 };');
  await utimes(main, 1, 1);
  const after = { names: ['default'], same: true };
  expect([run(cache), run(cache)].map((text) => JSON.parse(text))).toMatchObject([after, after]);
});

/** Writes a CommonJS package with these files, and a program that prints the names it exports. */
async function packageOf(name: string, files: Record<string, string>): Promise<void> {
  const inside = path.join(folder, 'node_modules', name);
  await mkdir(inside, { recursive: true });
  await writeFile(path.join(inside, 'package.json'), '{ "main": "main.js" }');
  for (const [own, text] of Object.entries(files)) await writeFile(path.join(inside, own), text);
  const print = 'process.stdout.write(Object.keys(all).join());';
  await writeFile(file(), `import * as all from '${name}';\n${print}\n`);
}

test.each([
  ['assigned', "module.exports = require('./part.js');"],
  ['spread', "module.exports = { ...require('./part.js'), own: 1 };"],
  [
    'typescript',
    "__exportStar(require('./part.js'), exports); function __exportStar(m, e) { Object.assign(e, m); }",
  ],
  [
    'tslib',
    "const tslib_1 = { __exportStar: (m, e) => Object.assign(e, m) };\ntslib_1.__exportStar(require('./part.js'), exports);",
  ],
  [
    'babel',
    "var _part = require('./part.js');\nObject.keys(_part).forEach(function (key) {\n  if (key === 'default' || key === '__esModule') return;\n  exports[key] = _part[key];\n});",
  ],
])('names that come from another file are not cached: %s', async (name, main) => {
  const cache = path.join(folder, `names-${name}`);
  await packageOf(name, { 'main.js': main, 'part.js': 'exports.before = 1;' });
  expect(run(cache)).toContain('before');
  await packageOf(name, { 'part.js': 'exports.since = 1;' });
  expect([run(cache), run(cache)]).toEqual([run(''), run('')]);
});

test.each<[how: string, damage: (bytes: Buffer) => Buffer]>([
  ['is empty', () => Buffer.alloc(0)],
  ['is filled with zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['is cut', (bytes) => bytes.subarray(0, -1)],
  ['has another byte', (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.from('}}')])],
])('a cache file that %s is made again', async (how, damage) => {
  const cache = path.join(folder, how);
  await packageOf('plain', { 'main.js': "require('node:fs'); exports.named = 1;" });
  const without = run('');
  expect(run(cache)).toBe(without);
  const kept = await readdir(cache);
  expect(kept).toHaveLength(2);
  const whole = await Promise.all(kept.map((own) => readFile(path.join(cache, own))));
  for (const [index, own] of kept.entries()) await writeFile(path.join(cache, own), damage(whole[index]!));
  expect(run(cache)).toBe(without);
  expect(await Promise.all(kept.map((own) => readFile(path.join(cache, own))))).toEqual(whole);
});

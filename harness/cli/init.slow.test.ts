/** What `resumeproof init` makes runs and is proven, and it takes nothing away. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { fixtures, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-init-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The text of each file below a folder, without those of runs. */
async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const own = files.map((file) => path.relative(folder, file)).filter((file) => !file.startsWith('reports'));
  return Object.fromEntries(
    await Promise.all(
      own.sort().map(async (file) => [file, await readFile(path.join(folder, file), 'utf8')]),
    ),
  );
}

async function outcomes(cwd: string, ...args: string[]): Promise<string[][]> {
  const { stdout, stderr } = await resumeproof(cwd, ['run', '--json', ...args]);
  expect(stdout, stderr).not.toBe('');
  const { report: _, ...gate } = JSON.parse(stdout);
  return gateSchema.parse(gate).verdicts.map(({ scenario, outcome }) => [scenario, outcome]);
}

test('a new folder is proven, and a second init leaves it as it is', async () => {
  const made = await resumeproof(scratch, ['init', 'My.New', '--ci', 'github']);
  expect(made.exitCode, made.stderr).toBe(0);
  const folder = path.join(scratch, 'My.New');
  const files = await filesIn(folder);
  const names = ['.github/workflows/resume.yml', '.gitignore', 'package.json', 'scenarios/my-model.ts'];
  expect(Object.keys(files)).toEqual(names);
  for (const name of names) expect(made.stdout).toContain(`wrote ${name}\n`);
  expect(made.stdout).toMatch(/^Next:\n {2}cd My\.New\n[\s\S]* {2}npm run resume$/m);
  expect(JSON.parse(files['package.json']!)).toMatchObject({
    name: 'my-new',
    type: 'module',
    scripts: { resume: 'resumeproof run' },
    dependencies: { '@tensorflow/tfjs-core': '4.22.0', '@tensorflow/tfjs-layers': '4.22.0' },
  });
  // The example's, which is known to work.
  const example = path.join(fixtures, '..', 'examples', 'ci-gate', '.github', 'workflows', 'resume.yml');
  expect(files['.github/workflows/resume.yml']).toBe(await readFile(example, 'utf8'));
  expect(await outcomes(folder, '--backend', 'wasm')).toEqual([['my-model', 'proven']]);
  const again = await resumeproof(folder, ['init', '--ci', 'github']);
  expect(again.stdout).not.toContain('wrote');
  expect(again.stdout).toContain('left .github/workflows/resume.yml as it is\n');
  expect(await filesIn(folder)).toEqual(files);
});

test('a program’s folder is completed and proven, and what is there stays', async () => {
  const folder = path.join(scratch, 'program');
  await mkdir(folder);
  await copyFile(path.join(fixtures, 'commands', 'train.mjs'), path.join(folder, 'train.mjs'));
  await writeFile(
    path.join(folder, 'package.json'),
    '{\n\t"name": "own",\n\t"scripts": {\n\t\t"test": "x"\n\t}\n}\n',
  );
  await writeFile(path.join(folder, '.gitignore'), 'dist\n/node_modules');
  await writeFile(path.join(folder, '.gitlab-ci.yml'), 'own: {}\n');
  const line = `'${process.execPath}' train.mjs --out .`;
  const plan = ['--steps', '12', '--resume-at', '6'];
  const { exitCode, stdout, stderr } = await resumeproof(folder, [
    ...['init', '--ci', 'gitlab', '--command', line],
    ...plan,
  ]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toContain('left .gitlab-ci.yml as it is\n');
  expect(await filesIn(folder)).toMatchObject({
    'package.json':
      '{\n\t"name": "own",\n\t"scripts": {\n\t\t"test": "x",\n\t\t"resume": "resumeproof run"\n\t}\n}\n',
    '.gitignore': 'dist\n/node_modules\nreports/\n',
    '.gitlab-ci.yml': 'own: {}\n',
    // A package without a type may be CommonJS.
    'scenarios/my-program.mts': expect.stringContaining("args: ['{here}/train.mjs', '--out', '.']"),
  });
  expect(await outcomes(folder)).toEqual([['my-program', 'proven']]);
});

test('GitLab’s file runs the gate and keeps its results', async () => {
  await resumeproof(scratch, ['init', 'gitlab', '--ci', 'gitlab']);
  const text = await readFile(path.join(scratch, 'gitlab', '.gitlab-ci.yml'), 'utf8');
  const [, run] = /- npx (resumeproof run .*)$/m.exec(text)!;
  const [, file] = /junit: (.*)$/m.exec(text)!;
  const ended = await resumeproof(path.join(scratch, 'gitlab'), run!.split(' ').slice(1));
  expect(ended.exitCode, ended.stderr).toBe(0);
  expect(await readFile(path.join(scratch, 'gitlab', file!), 'utf8')).toContain('<testcase name="my-model"');
});

test.each([
  ['pnpm-lock.yaml', 'pnpm', 'pnpm install --frozen-lockfile', 'pnpm exec', 'pnpm run resume'],
  ['yarn.lock', 'yarn', 'yarn install', 'yarn', 'yarn run resume'],
])('a folder with %s gets the commands of %s', async (lockfile, name, clean, exec, next) => {
  const folder = path.join(scratch, name);
  await mkdir(folder);
  await writeFile(path.join(folder, lockfile), '');
  const { stdout } = await resumeproof(folder, ['init', '--ci', 'github']);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe(`  ${next}`);
  const workflow = await readFile(path.join(folder, '.github', 'workflows', 'resume.yml'), 'utf8');
  expect(workflow).toContain(
    `- run: corepack enable\n      - uses: actions/setup-node@v7\n        with:\n          node-version: 22\n          cache: ${name}\n      - run: ${clean}\n      - run: ${exec} resumeproof run --backend wasm\n`,
  );
  await resumeproof(folder, ['init', '--ci', 'gitlab']);
  expect(await readFile(path.join(folder, '.gitlab-ci.yml'), 'utf8')).toContain(
    `    - corepack enable\n    - ${clean}\n    - ${exec} resumeproof run`,
  );
  // What names the manager in package.json counts where there is no lockfile.
  await rm(path.join(folder, lockfile));
  await writeFile(path.join(folder, 'package.json'), `{ "packageManager": "${name}@4.0.0" }`);
  expect((await resumeproof(folder, ['init'])).stdout).toContain(`  ${next}\n`.trimEnd());
});

test.each<[string, string, string[], RegExp]>([
  ['a package.json that is no JSON', '{ "name": ', [], /^resumeproof: .*package\.json: .*JSON/],
  ['a quote that does not end', '{}', ['--command', "python 'train.py"], /a quote does not end/],
  [
    'a resume after the end',
    '{}',
    ['--command', 'python x.py', '--resume-at', '20'],
    /ascending resume points from 1 to 10/,
  ],
])('%s is refused, and nothing is written', async (name, text, args, message) => {
  const folder = path.join(scratch, name.replaceAll(' ', '-'));
  await mkdir(folder);
  await writeFile(path.join(folder, 'package.json'), text);
  const { exitCode, stderr } = await resumeproof(folder, ['init', ...args]);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(2);
  expect(await filesIn(folder)).toEqual({ 'package.json': text });
});

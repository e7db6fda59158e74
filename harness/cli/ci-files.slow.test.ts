/** action.yml and templates/, run as GitHub and GitLab run them. */
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtures, main } from './testing/start.ts';

const repository = path.dirname(fixtures);
/** Knip's own parser: a dependency of a development dependency. */
const { parse } = createRequire(path.join(repository, 'node_modules', 'knip', 'package.json'))('yaml') as {
  parse: (text: string) => unknown;
};
const read = async <T>(...file: string[]): Promise<T> =>
  parse(await readFile(path.join(repository, ...file), 'utf8')) as T;

let checkout: string;
let project: string;
beforeAll(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'resumeproof-ci-files-'));
  project = path.join(checkout, 'train');
  await mkdir(path.join(project, 'scenarios'), { recursive: true });
  await mkdir(path.join(project, 'node_modules', '.bin'), { recursive: true });
  await writeFile(path.join(project, 'package.json'), '{ "type": "module" }');
  const installed = `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${main}' "$@"\n`;
  await writeFile(path.join(project, 'node_modules', '.bin', 'resumeproof'), installed, { mode: 0o755 });
  for (const name of ['healthy', 'weight-perturbed']) {
    const file = JSON.stringify(path.join(fixtures, 'scenarios', `${name}.ts`));
    const text = `import own from ${file};\nexport default { ...own, expect: 'proven' };\n`;
    await writeFile(path.join(project, 'scenarios', `${name}.ts`), text);
  }
  // The shell must not read the pattern below as these files.
  await writeFile(path.join(project, 'weight-a'), '');
  await writeFile(path.join(project, 'weight-b'), '');
});
afterAll(() => rm(checkout, { recursive: true, force: true }));

const bash = (script: string, env: Record<string, string | undefined>) =>
  execa('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: project,
    reject: false,
    stdin: 'ignore',
    env: { CI: 'true', GITHUB_ACTIONS: undefined, GITHUB_STEP_SUMMARY: undefined, ...env },
  });

const RED = 'weight-* --backend cpu';

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly shell?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly 'working-directory'?: string;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

test('the action runs the gate with its arguments, fails with it, and uploads the report all the same', async () => {
  const { inputs, runs } = await read<Action>('action.yml');
  const given: Record<string, string> = { arguments: RED, 'working-directory': 'train' };
  const filled = (text: string): string =>
    text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, name: string) => {
      expect(inputs).toHaveProperty([name, 'default']);
      return given[name] ?? inputs[name]!.default;
    });
  expect(runs.using).toBe('composite');
  const scripts = runs.steps.filter(({ run }) => run !== undefined);
  // GitHub refuses a script of a composite action without a shell.
  for (const { shell } of scripts) expect(shell).toBe('bash');
  for (const step of scripts) expect(filled(step['working-directory']!)).toBe('train');
  const [install, gate] = scripts;
  expect(install!.run).toBe('npm ci');
  const env = Object.fromEntries(Object.entries(gate!.env!).map(([name, value]) => [name, filled(value)]));
  const { exitCode, stderr } = await bash(gate!.run!, env);
  expect(stderr).toContain('[1/1] ✗ weight-perturbed');
  expect(exitCode).toBe(1);
  const upload = runs.steps.at(-1)!;
  expect(upload).toMatchObject({ uses: expect.stringMatching(/^actions\/upload-artifact@/), if: 'always()' });
  expect(globSync(`${filled(upload.with!.path!)}/*/index.html`, { cwd: checkout })).toHaveLength(1);
}, 60_000);

interface Job {
  readonly script: readonly string[];
  readonly artifacts: {
    readonly when: string;
    readonly paths: readonly string[];
    readonly reports: { readonly junit: string };
  };
}

test('GitLab’s template runs the gate with its arguments, fails with it, and keeps junit.xml and the report', async () => {
  const { resumeproof: job } = await read<{ resumeproof: Job }>('templates', 'resumeproof.gitlab-ci.yml');
  const [install, ...script] = job.script;
  expect(install).toBe('npm ci');
  await rm(path.join(project, 'reports'), { recursive: true, force: true });
  const { exitCode, stderr } = await bash(script.join('\n'), { RESUMEPROOF_ARGUMENTS: RED });
  expect(stderr).toContain('[1/1] ✗ weight-perturbed');
  expect(exitCode).toBe(1);
  const { when, paths, reports } = job.artifacts;
  expect(when).toBe('always');
  expect(await readFile(path.join(project, reports.junit), 'utf8')).toContain('failures="1"');
  const [page] = globSync('reports/*/index.html', { cwd: project });
  expect(paths.some((kept) => page!.startsWith(kept))).toBe(true);
  // Without the variable, all scenarios run.
  const all = await bash(script.join('\n'), { RESUMEPROOF_ARGUMENTS: undefined });
  expect(all.stderr).toContain('running 2 scenarios');
  expect(all.exitCode).toBe(1);
}, 60_000);

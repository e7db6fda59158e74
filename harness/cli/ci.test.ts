/** What a job of CI gets from a run. */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let checkout: string;
let project: string;
const summaryFile = () => path.join(checkout, 'summary.md');
const env = (): Record<string, string> => ({
  CI: 'true',
  GITHUB_ACTIONS: 'true',
  GITHUB_WORKSPACE: checkout,
  GITHUB_STEP_SUMMARY: summaryFile(),
  GITHUB_SHA: 'abc',
  GITHUB_REF: 'refs/heads/main',
});

beforeAll(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'resumeproof-ci-'));
  project = path.join(checkout, 'packages', 'train');
  await mkdir(path.join(project, 'scenarios'), { recursive: true });
  const healthy = JSON.stringify(path.join(fixtures, 'scenarios', 'healthy.ts'));
  await writeFile(
    path.join(project, 'scenarios', 'thrown.ts'),
    `import healthy from ${healthy};
export default {
  ...healthy,
  trainer() {
    throw new Error('fails: 100%,\\n::error::forged');
  },
};
`,
  );
  await writeFile(path.join(project, 'scenarios', 'healthy.ts'), `export { default } from ${healthy};\n`);
});
afterAll(() => rm(checkout, { recursive: true, force: true }));

const run = (...args: string[]) =>
  resumeproof(project, ['run', '--backend', 'cpu', '--steps', '8', '--resume-at', '4', ...args], {
    env: env(),
  });

test('a run in a job annotates the line that failed, adds a summary, and names files as the job does', async () => {
  const { exitCode, stdout, stderr } = await run(
    '--reporter',
    'sarif=resume.sarif',
    '--reporter',
    'junit=junit.xml',
  );
  expect(exitCode, stderr).toBe(1);
  // GitHub obeys a line of either stream, also an indented one. The error's own line is none.
  const commands = `${stdout}\n${stderr}`.split('\n').filter((line) => /^\s*::/.test(line));
  expect(commands).toEqual([
    expect.stringMatching(
      /^::error file=packages\/train\/scenarios\/thrown\.ts,line=5,title=thrown%3A [\w-]+::.*%0AFix: .*%0ARun again: /,
    ),
  ]);
  expect(stdout).toMatch(/^✓ {2}healthy/m);

  const read = (...file: string[]) => readFile(path.join(project, ...file), 'utf8');
  const [folder] = reportsIn(path.join(project, 'reports'));
  const gate = gateSchema.parse(JSON.parse(await read('reports', folder!, 'verdict.json')));
  expect(gate.origin).toMatchObject({ commit: 'abc', branch: 'main', folder: 'packages/train' });
  expect(gate.verdicts.map(({ file }) => file)).toEqual(['scenarios/healthy.ts', 'scenarios/thrown.ts']);
  expect(JSON.parse(await read('reports', folder!, 'badge.json'))).toMatchObject({
    message: '1 of 2 failed',
  });

  const junit = await read('junit.xml');
  expect(await read('reports', folder!, 'junit.xml')).toBe(junit);
  expect(junit).toContain('file="packages/train/scenarios/healthy.ts"');
  const attached = [...junit.matchAll(/\[\[ATTACHMENT\|(.*?)\]\]/g)].map(([, file]) => file!);
  expect(attached[0]).toBe(`packages/train/reports/${folder}/index.html`);
  expect(attached.length).toBeGreaterThan(1);
  for (const file of attached) expect(existsSync(path.join(checkout, file)), file).toBe(true);

  const { runs } = JSON.parse(await read('resume.sarif'));
  expect(runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(
    'packages/train/scenarios/thrown.ts',
  );
  const summary = await readFile(summaryFile(), 'utf8');
  expect(summary).toContain(`<code>packages/train/reports/${folder}/index.html</code>`);

  // Another form in the place of the list stays whole, and the summary is added to.
  const markdown = await run('healthy', '--reporter', 'markdown');
  expect(markdown.stdout).toMatch(/^### ✅ resumeproof\n\nPassed: 1 scenario proven\.\n/);
  expect(await readFile(summaryFile(), 'utf8')).toBe(`${summary}${markdown.stdout}\n`);
}, 90_000);

test('outside of such a job, annotations are printed only where they are asked for', async () => {
  const cwd = path.join(checkout, 'outside');
  await cp(path.join(project, 'scenarios'), path.join(cwd, 'scenarios'), { recursive: true });
  const args = ['run', 'thrown', '--backend', 'cpu', '--steps', '8', '--resume-at', '4'];
  const list = await resumeproof(cwd, args);
  expect(list.stdout).not.toMatch(/^::/m);
  const github = await resumeproof(cwd, [...args, '--reporter', 'github']);
  expect(github.stdout).toMatch(/^::error file=scenarios\/thrown\.ts,line=5,title=[^\n]*$/);
}, 90_000);

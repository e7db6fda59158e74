/** Which scenarios run, in which forms their result is told, and where the report is. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gateSchema } from '../judge/verdict.ts';
import { near } from '../run/near.ts';
import { fixtures, reportsIn, resumeproof } from './testing/start.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'resumeproof-selection-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const scenarios = path.join(fixtures, 'scenarios');
const onCpu = ['--scenarios', scenarios, '--backend', 'cpu'];

const ran = (stdout: string): string[] =>
  gateSchema.parse({ ...JSON.parse(stdout), report: undefined }).verdicts.map(({ scenario }) => scenario);

test.each([
  ['a regular expression', 'h..lthy$', ['healthy']],
  ['a part, in any case', 'WEIGHT-', ['weight-perturbed']],
  ['alternatives', 'forgotten|perturbed', ['accumulated-gradients-forgotten', 'weight-perturbed']],
])('--grep takes %s', async (_, grep, names) => {
  const { stdout, stderr } = await resumeproof(scratch, [
    'list',
    '--json',
    '--grep',
    grep,
    '--scenarios',
    scenarios,
  ]);
  expect(
    JSON.parse(stdout || '{}').scenarios.map(({ name }: { name: string }) => name),
    stderr,
  ).toEqual(names);
});

test.each([
  ['run', 'helthy', /^resumeproof: no name of 3 scenarios matches --grep 'helthy'; did you mean healthy\?$/],
  ['list', 'wieght', /matches --grep 'wieght'; did you mean weight-perturbed\?$/],
  ['mutants', '(unfinished', /^resumeproof: no name of 3 scenarios matches --grep '\(unfinished'$/],
])('%s --grep %s, which matches nothing, names what comes near', async (command, grep, message) => {
  const args = [command, '--grep', grep, '--scenarios', scenarios];
  const { exitCode, stderr } = await resumeproof(scratch, args);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(2);
});

test('what comes near is one change away, or a part of a longer name; nothing else does', () => {
  const names = ['healthy', 'weight-perturbed', 'accumulated-gradients-forgotten'];
  expect(near('haelthy', names)).toEqual(['healthy']);
  expect(near('gradient', names)).toEqual(['accumulated-gradients-forgotten']);
  expect(near('zzzzzz', names)).toEqual([]);
});

test('--last-failed runs what the newest report shows as failed, and says if there is nothing', {
  timeout: 90_000,
}, async () => {
  const cwd = path.join(scratch, 'last-failed');
  await mkdir(cwd);
  const none = await resumeproof(cwd, ['run', ...onCpu, '--last-failed']);
  expect(none.stderr).toBe(
    'resumeproof: --last-failed: no report about these scenarios in reports; run them once without it',
  );
  expect(none.exitCode).toBe(2);
  const short = ['--steps', '8', '--resume-at', '4'];
  const first = await resumeproof(cwd, ['run', '--grep', 'forgotten|healthy', ...onCpu, ...short]);
  expect(first.exitCode).toBe(1);
  const again = await resumeproof(cwd, ['run', ...onCpu, '--last-failed', '--json']);
  expect(again.exitCode, again.stderr).toBe(0);
  expect(ran(again.stdout)).toEqual(['accumulated-gradients-forgotten']);
  const mended = await resumeproof(cwd, ['run', ...onCpu, '--last-failed']);
  expect(mended.exitCode).toBe(2);
  expect(mended.stderr).toMatch(
    /^resumeproof: --last-failed: nothing failed in reports\/\S+-cpu\S*, where accumulated-gradients-forgotten ran$/,
  );
  // A report about others is older news.
  const [newest] = reportsIn(path.join(cwd, 'reports')).reverse();
  await writeFile(path.join(cwd, 'reports', newest!, 'verdict.json'), '{ damaged');
  const damaged = await resumeproof(cwd, ['run', ...onCpu, '--last-failed']);
  expect(damaged.stderr).toMatch(/--last-failed: reports\/\S+ cannot be read: /);
  expect(damaged.exitCode).toBe(2);
});

test('reporters write files beside the list, and one of them can take its place', async () => {
  const files = ['json=out/gate.json', 'junit=out/junit.xml', 'line=out/lines.txt'];
  const args = ['run', 'healthy', ...onCpu, ...files.flatMap((file) => ['--reporter', file])];
  const { exitCode, stdout, stderr } = await resumeproof(scratch, args);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^✓ {2}healthy/m);
  const read = (name: string) => readFile(path.join(scratch, 'out', name), 'utf8');
  expect(ran(await read('gate.json'))).toEqual(['healthy']);
  expect(await read('junit.xml')).toMatch(/<testcase name="healthy"/);
  expect(await read('lines.txt')).toMatch(/^✓ healthy: proven \(.* s\)\nPassed: 1 scenario proven\.\n$/);
  const junit = await resumeproof(scratch, ['run', 'healthy', ...onCpu, '--reporter', 'junit']);
  expect(junit.stdout).toMatch(/^<\?xml[\s\S]*<\/testsuites>$/);
});

test.each<[string[], RegExp]>([
  [['--reporter', 'lines'], /expected list, line, json, junit, github, markdown, sarif; did you mean line\?/],
  [['--reporter', 'junit='], /junit= names no file/],
  [['--reporter', 'line', '--json'], /^resumeproof: --reporter line and --json would share standard output/],
])('%j is refused before anything runs', async (own, message) => {
  const { exitCode, stdout, stderr } = await resumeproof(scratch, ['run', 'healthy', ...onCpu, ...own]);
  expect(stderr).toMatch(message);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});

test('show prints and opens the newest report, or the one that is named', async () => {
  const cwd = path.join(scratch, 'show');
  const reports = path.join(cwd, 'reports');
  const folders = ['2026-03-01T10-00-00-wasm', '2026-03-01T10-00-01-cpu', '2025-03-01T10-00-00-zebra'];
  for (const folder of folders) {
    await mkdir(path.join(reports, folder), { recursive: true });
    await writeFile(path.join(reports, folder, 'index.html'), '');
  }
  // A folder without a page is a run that was killed.
  await mkdir(path.join(reports, '2026-04-01T10-00-00-wasm'));
  const show = (...args: string[]) => resumeproof(cwd, ['show', '--no-open', ...args]);
  expect((await show()).stdout).toBe('reports/2026-03-01T10-00-01-cpu/index.html');
  expect((await show('reports/2026-03-01T10-00-00-wasm')).stdout).toBe(
    'reports/2026-03-01T10-00-00-wasm/index.html',
  );
  const none = await show('nowhere');
  expect(none.exitCode).toBe(2);
  expect(none.stderr).toMatch(/^resumeproof: no report in .*nowhere; make one with resumeproof run$/);
  if (process.platform !== 'linux') return;
  const opener = path.join(cwd, 'bin', 'xdg-open');
  await mkdir(path.dirname(opener));
  await writeFile(opener, '#!/bin/sh\necho "$1" > "$0.opened"\n');
  await chmod(opener, 0o755);
  const opened = await resumeproof(cwd, ['show'], { env: { PATH: `${path.dirname(opener)}:/usr/bin:/bin` } });
  expect(opened.exitCode, opened.stderr).toBe(0);
  await expect
    .poll(() => readFile(`${opener}.opened`, 'utf8').catch(() => ''), { timeout: 5000 })
    .toBe(`${path.join(reports, folders[1]!, 'index.html')}\n`);
  const without = await resumeproof(cwd, ['show'], { env: { PATH: '/nowhere' } });
  expect(without).toMatchObject({ exitCode: 0, stdout: 'reports/2026-03-01T10-00-01-cpu/index.html' });
  expect(without.stderr).toMatch(/^resumeproof: cannot open it: spawn xdg-open ENOENT$/);
});

/**
 * Everything that must hold before a change goes in: types, lint, dead code, import boundaries, tests.
 *   node scripts/start.mjs scripts/check.ts [--quick] [Vitest's own arguments]
 * `--quick` leaves out `*.slow.test.ts`. The tests start at once. The other checks run beside them, one at a time, and
 * their results are printed after Vitest's output, then what was skipped and what failed, a line each. The last line is
 * `N passed, N failed, N skipped`, checks included.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Tally } from './tally.ts';

const root = path.dirname(import.meta.dirname);
const STATIC_CHECKS: [name: string, program: string, args: string[]][] = [
  ['types (tsc)', 'typescript/bin/tsc', ['-p', 'tsconfig.json']],
  ['format and lint (biome)', '@biomejs/biome/bin/biome', ['ci', '--colors=off', '.']],
  ['dead code and dependencies (knip)', 'knip/bin/knip.js', ['--no-progress', '--no-config-hints']],
  ['import boundaries', '../scripts/boundaries.ts', []],
];

interface Ended {
  code: number | null;
  /** Empty where the program wrote straight to this process's stdout. */
  output: string;
}

const children = new Set<ChildProcess>();
process.once('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM');
  process.exit(143);
});

function run(program: string, args: string[], watched: boolean, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(root, 'node_modules', program), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', watched ? 'inherit' : 'pipe', watched ? 'inherit' : 'pipe'],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, output: `${error.message}\n` }));
    child.on('close', (code) => {
      children.delete(child);
      resolve({ code, output });
    });
  });
}

interface Checked {
  name: string;
  ok: boolean;
  report: string;
}

async function staticCheck(name: string, program: string, args: string[]): Promise<Checked> {
  const start = performance.now();
  const { code, output } = await run(program, args, false);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return code === 0
    ? { name, ok: true, report: `✓ ${name} ${seconds} s\n` }
    : { name, ok: false, report: `✗ ${name}, exit code ${code}\n${output.trimEnd()}\n` };
}

async function test(args: string[]): Promise<Tally> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'resumeproof-check-'));
  const file = path.join(scratch, 'tally.json');
  try {
    const reporters = ['--reporter=default', `--reporter=${path.join(root, 'scripts', 'tally.ts')}`];
    const vitest = ['run', ...reporters, ...args];
    const { code } = await run('vitest/vitest.mjs', vitest, true, { TALLY_FILE: file });
    return read(file, code);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The tally, with one failure added where it alone would hide that the run as a whole went wrong. */
function read(file: string, code: number | null): Tally {
  let tally: Tally = { passed: 0, failed: [], skipped: [] };
  let problem = '';
  try {
    tally = JSON.parse(readFileSync(file, 'utf8'));
    if (tally.passed + tally.failed.length === 0) problem = 'Vitest ran no test';
    else if (code !== 0 && tally.failed.length === 0)
      problem = `Vitest ended with exit code ${code}, though no test failed`;
  } catch {
    problem = `Vitest ended with exit code ${code} before it could count its tests`;
  }
  if (problem === '') return tally;
  return { ...tally, failed: [...tally.failed, problem] };
}

const args = process.argv.slice(2);
const limit = pLimit(1);
const tests = test(args.flatMap((arg) => (arg === '--quick' ? ['--project', 'everyday'] : [arg])));
const checks = limit.map(STATIC_CHECKS, ([name, program, rest]) => staticCheck(name, program, rest));
const [tally, checked] = await Promise.all([tests, checks]);
for (const { report } of checked) process.stdout.write(report);
const failed = [...tally.failed, ...checked.filter(({ ok }) => !ok).map(({ name }) => name)];
for (const [title, lines] of Object.entries({ skipped: tally.skipped, failed })) {
  if (lines.length > 0) process.stdout.write(`${title}:\n${lines.map((line) => `  ${line}\n`).join('')}`);
}
const passed = tally.passed + checked.filter(({ ok }) => ok).length;
process.stdout.write(`${passed} passed, ${failed.length} failed, ${tally.skipped.length} skipped\n`);
process.exitCode = failed.length > 0 ? 1 : 0;

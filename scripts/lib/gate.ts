/** Runs the gate as its users start it, for scripts that report its results. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Gate, gateSchema } from '../../harness/judge/verdict.ts';

const root = path.join(import.meta.dirname, '..', '..');

export interface GateRun {
  readonly gate: Gate;
  /** The folder of its report, which is removed afterwards. */
  readonly folder: string;
  /** From the command's start to its exit. */
  readonly seconds: number;
}

/**
 * Runs the gate and passes the result to `take`, whatever the verdict.
 * @param args arguments of `resumeproof run`
 * @throws {Error} with the command's last line on stderr, when it gave no verdicts
 */
export async function withGate<T>(
  args: readonly string[],
  take: (run: GateRun) => T | Promise<T>,
  env: NodeJS.ProcessEnv = {},
): Promise<T> {
  const reports = await mkdtemp(path.join(tmpdir(), 'resumeproof-gate-'));
  try {
    const start = performance.now();
    const output = await outputOf('run', [...args, '--reports', reports, '--json'], env);
    const seconds = (performance.now() - start) / 1000;
    const { report, ...gate } = JSON.parse(output) as Gate & { report: { json: string } };
    return await take({ gate: gateSchema.parse(gate), folder: path.dirname(report.json), seconds });
  } finally {
    await rm(reports, { recursive: true });
  }
}

/**
 * Returns what a command of resumeproof prints with `--json`, whatever its exit code.
 * @throws {Error} with the command's last line on stderr, when it printed no object
 */
export function outputOf(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const command = [path.join(root, 'scripts', 'start.mjs'), 'harness/cli/main.ts', name, ...args];
  const options = { cwd: root, maxBuffer: 1e9, env: { ...process.env, ...env } };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      // The exit code is 1 if a scenario is not as expected.
      if (stdout.startsWith('{')) resolve(stdout);
      else reject(new Error(stderr.trim().split('\n').at(-1) || error?.message || 'it printed nothing'));
    });
  });
}

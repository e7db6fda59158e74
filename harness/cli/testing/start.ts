/** Starts the command line in its own process, as a shell would. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { execa, type Options } from 'execa';
import { expect } from 'vitest';
import { gateSchema, type Verdict } from '../../judge/verdict.ts';
import { CACHES, STRIPPING } from '../../run/caches.ts';

export const main = path.join(path.dirname(import.meta.dirname), 'main.ts');

/** The repository's `fixtures/`. */
export const fixtures = path.join(import.meta.dirname, '..', '..', '..', 'fixtures');

/** In a job of GitHub, each command would add its annotations and its summary to the job’s. */
const OWN = { CI: 'true', GITHUB_ACTIONS: undefined, GITHUB_STEP_SUMMARY: undefined };

/** With types stripped once, as `npm run resumeproof` starts it. */
export function resumeproof(cwd: string, args: readonly string[], { env, ...options }: Options = {}) {
  return execa(process.execPath, ['--no-warnings', STRIPPING, main, ...args], {
    cwd,
    reject: false,
    stdin: 'ignore',
    env: { RESUMEPROOF_STRIPPED: CACHES.RESUMEPROOF_STRIPPED, ...(env ?? OWN) },
    ...options,
  }) as unknown as Promise<{ exitCode: number; stdout: string; stderr: string }> & {
    kill(signal: string): boolean;
  };
}

/** The verdicts on a folder of `fixtures/` whose gate fails, on cpu, by scenario. */
export async function verdictsOn(
  folder: string,
  cwd: string,
  args: readonly string[] = [],
): Promise<Map<string, Verdict>> {
  const run = ['run', '--scenarios', path.join(fixtures, folder), '--backend', 'cpu', '--json', ...args];
  const { exitCode, stdout, stderr } = await resumeproof(cwd, run);
  expect(exitCode, stderr).toBe(1);
  const { verdicts } = gateSchema.parse(JSON.parse(stdout));
  return new Map(verdicts.map((verdict) => [verdict.scenario, verdict]));
}

/** The names of the reports in a folder, the oldest first. */
export const reportsIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();

/**
 * Proves the resume of one scenario from a test of any runner. What it needs is loaded by the first call only, because
 * every process of a scenario imports this file with the package.
 */
import { NotProvenError, type ReportedVerdict } from './not-proven.ts';
import type { ProveResumeOptions } from './prove-options.ts';

/**
 * Runs a scenario as `resumeproof run` does, in processes of its own, and returns the verdict, whatever it is. The report
 * is kept.
 * @param file the scenario: a `file:` URL or a path. A function cannot be given, since it cannot go to another process
 * @throws {Error} of one clear line if the file is not a scenario, or the options cannot be run
 * @throws {BackendError} if the backend cannot be used
 * @example
 * ```ts
 * import { proveResume } from 'resumeproof';
 *
 * const { outcome, headline, report } = await proveResume('scenarios/my-loop.ts', { backend: 'wasm' });
 * console.log(outcome, headline, report);
 * ```
 */
export async function proveResume(
  file: string | URL,
  options: ProveResumeOptions = {},
): Promise<ReportedVerdict> {
  const { proveFile } = await import('./prove-file.ts');
  return proveFile(file, options);
}

/**
 * Returns if every resume of a scenario is proven, and throws otherwise: also if the verdict is inconclusive or the
 * scenario was skipped, and if it is refuted as the scenario expects. The report of a proof is removed, since a test may
 * prove many.
 * @param file as in {@link proveResume}
 * @throws {NotProvenError} if it is not proven
 * @throws {Error} as {@link proveResume}
 * @example
 * ```ts
 * import test from 'node:test';
 * import { assertResumes } from 'resumeproof';
 *
 * test('resumes after step 4', () =>
 *   assertResumes(new URL('./my-loop.ts', import.meta.url), { steps: 8, resumeAt: 4 }));
 * ```
 */
export async function assertResumes(file: string | URL, options: ProveResumeOptions = {}): Promise<void> {
  const { isProven, proveFile, removeReport, verdictText } = await import('./prove-file.ts');
  const verdict = await proveFile(file, options);
  if (!isProven(verdict)) throw new NotProvenError(verdictText(verdict), verdict);
  await removeReport(verdict);
}

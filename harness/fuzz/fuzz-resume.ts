/**
 * Fuzzes the resumes of one scenario from a test of any runner. What it needs is loaded by the first call only, because
 * every process of a scenario imports this file with the package.
 */
import type { FuzzedResume, FuzzResumeOptions } from './fuzz-options.ts';

/**
 * Runs a scenario by random histories of saves, kills and resumes, as `resumeproof fuzz` does, and throws if one fails.
 * What has failed is written to a file of regressions, and tried first from then on.
 * @param file the scenario: a `file:` URL or a path. A function cannot be given, since it cannot go to another process
 * @throws {NotProvenError} if a history is refuted, with the smallest one that fails
 * @throws {Error} if no history is proven, if the file is not a scenario, or if the options cannot be run
 * @throws {BackendError} if the backend cannot be used
 * @throws the reason of an abort
 * @example
 * ```ts
 * import test from 'node:test';
 * import { fuzzResume } from 'resumeproof';
 *
 * test('resumes by any history', async () => {
 *   await fuzzResume(new URL('./my-loop.ts', import.meta.url), { runs: 30 });
 * });
 * ```
 */
export async function fuzzResume(file: string | URL, options: FuzzResumeOptions = {}): Promise<FuzzedResume> {
  const { fuzzFile } = await import('./fuzz-file.ts');
  return fuzzFile(file, options);
}

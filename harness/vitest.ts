/**
 * The matcher `toResume` for Vitest. Importing this file registers it.
 *
 * ```ts
 * import 'resumeproof/vitest';
 *
 * test('resumes', { timeout: 120_000 }, async () => {
 *   await expect(new URL('./my-loop.ts', import.meta.url)).toResume();
 * });
 * ```
 */
import { expect, type MatcherState } from 'vitest';
import type { ProveResumeOptions } from './run/prove-options.ts';

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: must equal Vitest's own declaration.
  interface Matchers<T = any> {
    /**
     * Proves that the scenario of a file resumes, in processes of its own. Takes the URL or the path of the file. With
     * `not`, passes only if a resume is refuted. A verdict that is inconclusive or skipped fails both.
     */
    toResume(options?: ProveResumeOptions): Promise<void>;
  }
}

expect.extend({
  async toResume(this: MatcherState, file: string | URL, options: ProveResumeOptions = {}) {
    // Loaded by the first call only, because every test file may import this one.
    const { isProven, isRefuted, proveFile, removeReport, verdictText } = await import('./run/prove-file.ts');
    const verdict = await proveFile(file, { ...options, ...signalOf(this, options) });
    const pass = isProven(verdict);
    if (!pass && !isRefuted(verdict)) throw new Error(verdictText(verdict));
    // The test passes, and nobody will look for the report. Vitest leaves `isNot` undefined without `not`.
    if (pass ? !this.isNot : this.isNot) await removeReport(verdict);
    return {
      pass,
      message: () =>
        pass ? `expected a resume to be refuted, but ${verdictText(verdict)}` : verdictText(verdict),
    };
  },
});

/** A test that timed out or was cancelled is over for Vitest, but its processes would go on. */
function signalOf({ task }: MatcherState, { signal }: ProveResumeOptions): { signal?: AbortSignal } {
  const signals = [task?.context.signal, signal].filter((one) => one !== undefined);
  return signals.length === 0 ? {} : { signal: AbortSignal.any(signals) };
}

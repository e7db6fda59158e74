/** A verdict that a test asked for, and the error of one that is not proven. */
import type { Verdict } from '../judge/verdict.ts';

/** A verdict, and where its report is. */
export type ReportedVerdict = Verdict & {
  /** The path of the report's `index.html`. `verdict.json` and the traces are beside it. */
  readonly report: string;
};

/**
 * What {@link assertResumes} throws unless the resumes are proven. Its message reads like the verdict.
 * @example
 * ```ts
 * import { assertResumes, NotProvenError } from 'resumeproof';
 *
 * await assertResumes('scenarios/my-loop.ts').catch((error) => {
 *   if (error instanceof NotProvenError) console.error(error.verdict.findings[0]?.rule);
 *   throw error;
 * });
 * ```
 */
export class NotProvenError extends Error {
  override readonly name = 'NotProvenError';
  // Private, because runners print the members of an error, and the message says enough.
  readonly #verdict: ReportedVerdict;

  /** @param message the verdict as text */
  constructor(message: string, verdict: ReportedVerdict) {
    super(message);
    this.#verdict = verdict;
  }

  /** The verdict, with all findings. */
  get verdict(): ReportedVerdict {
    return this.#verdict;
  }
}

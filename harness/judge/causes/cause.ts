/** What a cause is: one thing that went wrong, told from all that was found of a resume. */
import type { Clues } from './clues.ts';

export interface Cause {
  /** Stable: faults name it, and the verdict. */
  readonly id: string;
  /** What it means, in one sentence. */
  readonly means: string;
  /** Rules of which the first that found something heads the findings. */
  readonly heads: readonly string[];
  /**
   * What else it accounts for: rules, and `counter:<kind>` for counters that differ. What follows from anything
   * that goes wrong (losses, updates, final tensors) is not listed.
   */
  readonly explains: readonly string[];
  /** The diagnosis, if the evidence shows this cause: what follows `After resume 1, `, without a full stop. */
  readonly diagnose: (clues: Clues) => string | undefined;
}

/** A cause: one thing that went wrong, inferred from all findings of a resume. */
import type { Clues } from './clues.ts';

export interface Cause {
  /** Stable: faults and verdicts name it. */
  readonly id: string;
  /** The meaning of the cause, in one sentence. */
  readonly means: string;
  /**
   * How to fix it, where what the rules suppose would contradict the cause. The findings that the cause accounts for then
   * have its meaning as their likely cause, and this as their fix.
   */
  readonly fix?: string;
  /** The first of these rules that has a finding heads the findings. */
  readonly heads: readonly string[];
  /**
   * What the cause accounts for: rules, and `counter:<kind>` for counters that differ. Consequences of any fault
   * (losses, updates, final tensors) need not be listed.
   */
  readonly explains: readonly string[];
  /** The diagnosis if the evidence shows this cause: the text after `After resume 1, `, without a full stop. */
  readonly diagnose: (clues: Clues) => string | undefined;
}

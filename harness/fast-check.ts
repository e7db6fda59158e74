/** What a property test imports from `resumeproof/fast-check`. */
import type fc from 'fast-check';
import { histories as drawn } from './fuzz/histories.ts';
import { inner } from './trace/history.ts';
import type { ScenarioHistory } from './training/trainer.ts';

/** What {@link histories} draws from. */
export interface HistoriesOptions {
  /** The steps of a run, at least 2. */
  readonly steps: number;
  /** The most resumes in a history. Default 3. */
  readonly maxResumes?: number;
  /** Backends to resume on, besides that of the run. By default, none. */
  readonly resumeOn?: readonly string[];
  /** What resumes may change. By default, nothing. */
  readonly mayChange?: readonly ('steps' | 'batchSize' | 'accumulation')[];
}

/**
 * Draws histories of saves, kills and resumes for fast-check. They shrink to one of which nothing can be left out and
 * nothing moved earlier.
 * @throws {RangeError} when there is no room for a save, a resume and a step
 * @example
 * ```ts
 * import { test } from '@fast-check/vitest';
 * import { histories } from 'resumeproof/fast-check';
 * import 'resumeproof/vitest';
 * import { expect } from 'vitest';
 *
 * test.prop([histories({ steps: 12 })], { numRuns: 20 })('resumes by any history', async (history) => {
 *   await expect(new URL('./my-loop.ts', import.meta.url)).toResume({ history });
 * });
 * ```
 */
export function histories({
  steps,
  maxResumes = 3,
  resumeOn = [],
  mayChange = [],
}: HistoriesOptions): fc.Arbitrary<ScenarioHistory> {
  const savable = steps >= 2 ? inner(steps) : [];
  const edges = [1, 2, steps - 2, steps - 1].filter((step) => step >= 1 && step < steps);
  return drawn({
    steps,
    savable,
    killable: savable,
    edges,
    maxResumes,
    backends: resumeOn,
    changes: mayChange,
    scenario: {},
  }) as fc.Arbitrary<ScenarioHistory>;
}

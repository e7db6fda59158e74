/** How the scenarios of a run stand, compared with an earlier one. */

/** How a scenario stands, compared with an earlier run. The first that holds. */
export const CHANGES = ['newly failing', 'still failing', 'mended', 'new', 'gone'] as const;
export type Change = (typeof CHANGES)[number];

export interface Comparison {
  /** The earlier run. */
  readonly startedAt: string;
  readonly commit: string | null;
  /** What changed, the failures first; a scenario that passes in both is not among them. */
  readonly changes: readonly {
    readonly scenario: string;
    readonly change: Change;
    /** What was said before; null if nothing was. */
    readonly before: string | null;
  }[];
}

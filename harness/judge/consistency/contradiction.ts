/** Something that traces say and that cannot all be true. */

export interface Contradiction {
  /** The trace's file. */
  readonly file: string;
  /** What it says, as the end of a sentence whose subject is the trace: `gives parameter 'w' a negative norm`. */
  readonly what: string;
  readonly step: number | null;
  readonly expected: string;
  readonly seen: string;
}

export type Said = Omit<Contradiction, 'file'>;

/**
 * What a reviewer decided about the scenarios of a report. A decision is about the training that the control shows, and
 * waives no proof.
 */

export const DECISIONS = ['accepted', 'rejected'] as const;
export type Decision = (typeof DECISIONS)[number];

export interface Decided {
  readonly scenario: string;
  /** Accepted: what the control did may become the baseline. Null if there is only a note. */
  readonly decision: Decision | null;
  /** Empty if there is none. */
  readonly note: string;
}

export interface Review {
  readonly format: 1;
  /** Names the report: when its run started. */
  readonly startedAt: string;
  /** By name, each scenario once. */
  readonly decisions: readonly Decided[];
}

/** What a reader changes of a {@link Decided}. */
export type Change = Pick<Decided, 'scenario'> & Partial<Decided>;

/** The most characters of a note. */
export const MOST_NOTE = 4000;

export const emptyReview = (startedAt: string): Review => ({ format: 1, startedAt, decisions: [] });

/** A review with a change. What says nothing is left out. */
export function withChange(review: Review, change: Change): Review {
  const decided = { ...decidedOf(review, change.scenario), ...change };
  const others = review.decisions.filter(({ scenario }) => scenario !== change.scenario);
  const own = decided.decision === null && decided.note === '' ? [] : [decided];
  const decisions = [...others, ...own].sort((a, b) => (a.scenario < b.scenario ? -1 : 1));
  return { ...review, decisions };
}

export const decidedOf = (review: Review, scenario: string): Decided =>
  review.decisions.find((own) => own.scenario === scenario) ?? { scenario, decision: null, note: '' };

/** Where `resumeproof review` serves the page: below this path and a token. A page that lies elsewhere is on its own. */
export const REVIEW_ADDRESS = '/review-';

/** What the reader decides: kept on disk where the page is served by `resumeproof review`, else in a file to save. */
/// <reference lib="dom" />
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  type Decided,
  type Decision,
  decidedOf,
  emptyReview,
  REVIEW_ADDRESS,
  type Review,
  withDecision,
} from '../review.ts';
import { download } from './download.ts';

export interface Reviewing {
  readonly review: Review;
  /** Whether decisions are written to disk. */
  readonly isServed: boolean;
  /** Why the last decision was not written. */
  readonly problem: string | undefined;
  decide(decided: Decided): void;
  save(): void;
}

const Context = createContext<Reviewing | undefined>(undefined);
export const ReviewProvider = Context.Provider;
export const useReview = (): Reviewing => useContext(Context)!;

const isServed = location.protocol === 'http:' && location.pathname.startsWith(REVIEW_ADDRESS);

/** Of the page, once. */
export function useReviewing(startedAt: string): Reviewing {
  const [review, setReview] = useState(() => emptyReview(startedAt));
  const [problem, setProblem] = useState<string | undefined>();
  const unsaved = useRef(false);
  useEffect(() => {
    if (!isServed) return undefined;
    ask().then(setReview, (error: Error) => setProblem(`The review cannot be read: ${error.message}`));
    return undefined;
  }, []);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (unsaved.current) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);
  return {
    review,
    isServed,
    problem,
    decide(decided) {
      setReview((now) => withDecision(now, decided));
      unsaved.current = true;
      if (!isServed) return;
      ask(decided).then(
        () => {
          unsaved.current = false;
          setProblem(undefined);
        },
        (error: Error) =>
          setProblem(
            `Not written: ${error.message}. Save the decisions as a file, or start resumeproof review again.`,
          ),
      );
    },
    save() {
      unsaved.current = false;
      download(`review-${startedAt}.json`, 'application/json', `${JSON.stringify(review, null, 2)}\n`);
    },
  };
}

/** Reads the review, or sends one decision. */
async function ask(decided?: Decided): Promise<Review> {
  const sent =
    decided === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(decided),
        };
  const response = await fetch(new URL('review.json', location.href.split('#')[0]), sent).catch(() => {
    throw new Error('the server does not answer');
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Review;
}

/** Decides, or takes the same decision back. */
export function toggle({ review, decide }: Reviewing, scenario: string, decision: Decision): void {
  const now = decidedOf(review, scenario);
  decide({ ...now, decision: now.decision === decision ? null : decision });
}

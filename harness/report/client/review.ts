/** What the reader decides: kept on disk where the page is served by `resumeproof review`, else in a file to save. */
/// <reference lib="dom" />
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import {
  type Change,
  type Decision,
  decidedOf,
  emptyReview,
  REVIEW_ADDRESS,
  type Review,
  withChange,
} from '../review.ts';
import { download } from './download.ts';

export interface Reviewing {
  readonly review: Review;
  /** Whether decisions are written to disk. */
  readonly isServed: boolean;
  /** Why something was not written. */
  readonly problem: string | undefined;
  change(change: Change): void;
  /** Whether a text that is typed is not yet among the changes. */
  typing(is: boolean): void;
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
  /** What is not on disk, the oldest first. */
  const pending = useRef<readonly Change[]>([]);
  const isSending = useRef(false);
  const isTyping = useRef(false);
  /** Sends one change after the other. One that fails is sent again with the next. */
  const send = async (): Promise<void> => {
    if (isSending.current) return;
    isSending.current = true;
    try {
      for (let [first] = pending.current; first !== undefined; [first] = pending.current) {
        const written = await ask(first);
        pending.current = pending.current.slice(1);
        setReview(pending.current.reduce(withChange, written));
      }
      setProblem(undefined);
    } catch (error) {
      const why = (error as Error).message;
      setProblem(`Not written: ${why}. Save the decisions as a file, or start resumeproof review again.`);
    } finally {
      isSending.current = false;
    }
  };
  useEffect(() => {
    if (!isServed) return;
    ask().then(
      (read) => setReview(pending.current.reduce(withChange, read)),
      (error: Error) => setProblem(`The review cannot be read: ${error.message}`),
    );
  }, []);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (isTyping.current || pending.current.length > 0) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);
  return {
    review,
    isServed,
    problem,
    change(change) {
      setReview((now) => withChange(now, change));
      pending.current = [...pending.current, change];
      if (isServed) void send();
    },
    typing(is) {
      isTyping.current = is;
    },
    save() {
      pending.current = isServed ? pending.current : [];
      download(`review-${startedAt}.json`, 'application/json', `${JSON.stringify(review, null, 2)}\n`);
    },
  };
}

/** Reads the review, or sends a change. */
async function ask(change?: Change): Promise<Review> {
  const sent =
    change === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(change),
        };
  const response = await fetch(new URL('review.json', location.href.split('#')[0]), sent).catch(() => {
    throw new Error('the server does not answer');
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as Review;
}

/** Decides, or takes the same decision back. */
export function toggle({ review, change }: Reviewing, scenario: string, decision: Decision): void {
  change({ scenario, decision: decidedOf(review, scenario).decision === decision ? null : decision });
}

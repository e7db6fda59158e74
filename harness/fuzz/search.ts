/** Tries random histories, groups those that fail by how they fail, and shrinks one of each group. */
import fc from 'fast-check';
import type { Verdict } from '../judge/verdict.ts';
import { awaitedLater, unlessAborted } from '../run/failing.ts';
import { describeHistory, type History } from '../trace/history.ts';
import { histories } from './histories.ts';
import { shrink } from './shrink.ts';
import { isSmaller } from './smaller.ts';
import type { Space } from './space.ts';

export interface SearchOptions {
  readonly space: Space;
  /** Tried already. */
  readonly given?: readonly Tried[];
  /** Tried before any history is drawn. */
  readonly first: readonly History[];
  /** Not drawn either, because another machine tries them first; none by default. */
  readonly elsewhere?: readonly History[];
  /** The most histories to draw, besides those. */
  readonly runs: number;
  /** Which of the drawn histories are tried, by number from 1; all by default. */
  readonly isOwn?: (number: number) => boolean;
  readonly seed: number;
  /** No history is drawn after this, and what fails is still shrunk. */
  readonly timeUp?: AbortSignal;
  /** Nothing is tried after this. */
  readonly signal: AbortSignal;
  /** How many histories are tried side by side. It may change. */
  readonly atATime: () => number;
  /** Runs and judges the scenario by this history. After an abort, what it returns or throws does not matter. */
  readonly prove: (history: History) => Promise<Verdict>;
  readonly onCase?: (tried: Tried, why: 'first' | 'drawn' | 'shrinking') => void;
}

/** The part of a verdict by which histories are counted and compared. */
export type Outcome = Pick<Verdict, 'outcome' | 'cause' | 'headline' | 'findings' | 'caveats'>;

/** A history, and what the verdict on the run by it says. */
export interface Tried {
  readonly history: History;
  readonly verdict: Outcome;
  /** The number of the draw, from 1; undefined if it was not drawn. */
  readonly number?: number;
}

/** Histories that fail in one way. */
export interface Failure {
  readonly rule: string;
  readonly cause: string | null;
  /** How many of those that were drawn or tried first. */
  readonly count: number;
  readonly smallest: Tried;
  /** Whether each smaller one was tried and does not fail so. False after an interruption. */
  readonly minimal: boolean;
}

export interface SearchResult {
  readonly seed: number;
  /** Every history that was tried first or drawn, in the order in which they began. */
  readonly cases: readonly Tried[];
  /** How many more were tried to shrink the failures. */
  readonly shrinking: number;
  /** Those with the most cases first. */
  readonly failures: readonly Failure[];
  /** How many histories were drawn, tried here or not. */
  readonly drawn: number;
  /** Whether the space has no further history. */
  readonly exhausted: boolean;
}

/** Refuted by the resume itself. Incomplete evidence, as in a run too short to train, does not count. */
export const goesWrong = ({ outcome, findings }: Outcome): boolean =>
  outcome === 'refuted' && findings[0]!.refutes;

/** Two histories that fail alike are taken for one bug. */
export const failureOf = ({ findings, cause }: Outcome): string => JSON.stringify([findings[0]!.rule, cause]);

/** However it was made, the same history has the same key. */
const keyOf = (history: History): string => `${history.steps} ${describeHistory(history)}`;

/** @returns after an interruption, what was found until then */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const { space, seed, runs, given = [], first, elsewhere = [], signal, timeUp, atATime } = options;
  const { isOwn = () => true, prove, onCase } = options;
  const tried = new Map<string, Promise<Tried | undefined>>(
    given.map((one) => [keyOf(one.history), Promise.resolve(one)]),
  );
  const attempt = (history: History, why: 'first' | 'drawn' | 'shrinking'): Promise<Tried | undefined> => {
    const key = keyOf(history);
    const before = tried.get(key);
    if (before !== undefined) return before;
    const now = (async () => {
      if (signal.aborted) return undefined;
      const verdict = await unlessAborted(signal, prove(history));
      if (verdict === undefined) return undefined;
      const one = { history, verdict };
      onCase?.(one, why);
      return one;
    })();
    tried.set(key, now);
    return now;
  };
  // By this alone, every machine draws the same, whatever it tries.
  const seen = new Set([...given.map(({ history }) => history), ...first, ...elsewhere].map(keyOf));
  const all = inTurn(first, draws(space, seed, seen), runs, isOwn);
  const ended: (Tried | undefined)[] = [...given];
  const running = new Set<Promise<void>>();
  for (const { history, why, number } of all) {
    if (signal.aborted || (why === 'drawn' && timeUp?.aborted === true)) break;
    const at = ended.push(undefined) - 1;
    const trying = awaitedLater(
      attempt(history, why).then((one) => {
        ended[at] = one === undefined || number === undefined ? one : { ...one, number };
      }),
    );
    running.add(trying);
    trying.finally(() => running.delete(trying)).catch(() => {});
    while (running.size >= atATime()) await Promise.race(running);
  }
  await Promise.all(running);
  const cases = ended.filter((one) => one !== undefined);
  const failures: Failure[] = [];
  for (const own of groups(cases.filter(({ verdict }) => goesWrong(verdict)))) {
    const { history, verdict } = own.reduce((one, other) =>
      isSmaller(other.history, one.history) ? other : one,
    );
    const failure = failureOf(verdict);
    const fails = async (smaller: History): Promise<boolean> => {
      const one = await attempt(smaller, 'shrinking');
      return one !== undefined && goesWrong(one.verdict) && failureOf(one.verdict) === failure;
    };
    const found = await shrink(history, space, fails, atATime);
    const smallest = (await tried.get(keyOf(found)))!;
    const { findings, cause } = smallest.verdict;
    failures.push({ rule: findings[0]!.rule, cause, count: own.length, smallest, minimal: !signal.aborted });
  }
  const shrinking = tried.size - cases.length;
  return { seed, cases, shrinking, failures, drawn: all.drawn(), exhausted: all.exhausted() };
}

/** Cases that fail in one way, the most frequent way first. */
export const groups = (failing: readonly Tried[]): Tried[][] =>
  [...Map.groupBy(failing, ({ verdict }) => failureOf(verdict)).values()].sort(
    (one, other) => other.length - one.length,
  );

interface Next {
  readonly history: History;
  readonly why: 'first' | 'drawn';
  readonly number?: number;
}

/** What is tried first, then what is drawn. */
function inTurn(
  first: readonly History[],
  drawn: Iterator<History>,
  runs: number,
  isOwn: (number: number) => boolean,
): IterableIterator<Next> & { drawn(): number; exhausted(): boolean } {
  let [given, taken, empty] = [0, 0, false];
  return {
    [Symbol.iterator]() {
      return this;
    },
    next() {
      if (given < first.length) return { value: { history: first[given++]!, why: 'first' } };
      while (taken < runs && !empty) {
        const { done, value } = drawn.next();
        empty = done === true;
        if (empty) break;
        taken += 1;
        if (isOwn(taken)) return { value: { history: value, why: 'drawn', number: taken } };
      }
      return { done: true, value: undefined };
    },
    drawn: () => taken,
    exhausted: () => empty,
  };
}

const AT_ONCE = 64;
/** After so many draws without a new history, there is most likely none left. */
const FRUITLESS = 32;

/** Draws histories that were not seen, without an end unless there are no more. */
function* draws(space: Space, seed: number, seen: Set<string>): Generator<History> {
  const arbitrary = histories(space);
  for (let [at, fruitless] = [0, 0]; fruitless < FRUITLESS; at += 1) {
    fruitless += 1;
    // fast-check's seeds are 32-bit integers.
    for (const history of fc.sample(arbitrary, { numRuns: AT_ONCE, seed: (seed + at) | 0 })) {
      const key = keyOf(history);
      if (seen.has(key)) continue;
      seen.add(key);
      fruitless = 0;
      yield history;
    }
  }
}

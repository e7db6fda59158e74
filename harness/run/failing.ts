/** What becomes of work side by side when a piece of it fails: the rest is ended, and the failure thrown at the end. */

export interface Failing {
  /** Given by the caller's signal, and by the first failure. */
  readonly signal: AbortSignal;
  /** Does a piece of work; undefined where it failed. */
  attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined>;
  /** Keeps what was finished, and throws the first failure if there was one, whatever came of the keeping. */
  finish<Result>(keep: () => Promise<Result>): Promise<Result>;
}

export function failing(outside: AbortSignal): Failing {
  const stop = new AbortController();
  const failures: unknown[] = [];
  return {
    signal: AbortSignal.any([outside, stop.signal]),
    async attempt(work) {
      try {
        return await work();
      } catch (error) {
        failures.push(error);
        stop.abort();
        return undefined;
      }
    },
    async finish(keep) {
      const [kept] = await Promise.allSettled([keep()]);
      if (failures.length > 0) throw failures[0];
      if (kept.status === 'rejected') throw kept.reason;
      return kept.value;
    },
  };
}

/** The same promise, of one that is awaited only later: if it fails before, that is told then. */
export function awaitedLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}

/** Parallel work: when a piece fails, the rest is ended and the failure is thrown at the end. */

export interface Failing {
  /** Aborts on the caller's signal and on the first failure. */
  readonly signal: AbortSignal;
  /** Does a piece of work; undefined if it failed. */
  attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined>;
  /** Keeps what is finished, told of the first failure, then throws that, if any, even if keeping failed. */
  finish<Result>(keep: (failure: unknown) => Promise<Result>): Promise<Result>;
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
      const [kept] = await Promise.allSettled([keep(failures[0])]);
      if (failures.length > 0) throw failures[0];
      if (kept.status === 'rejected') throw kept.reason;
      return kept.value;
    },
  };
}

/** Returns the same promise. A rejection before it is awaited does not count as unhandled. */
export function awaitedLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}

/** What comes of a promise; undefined after an abort, because it may have been cut off. */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  try {
    const value = await promise;
    return signal.aborted ? undefined : value;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** Finds a locally minimal history of those that fail in the same way. */
import type { History } from '../trace/history.ts';
import { smaller } from './smaller.ts';
import type { Space } from './space.ts';

/**
 * Goes on to the first smaller history that fails, until none of them does. The result does not depend on how many are
 * tried side by side.
 * @param fails must give the same answer each time it is asked
 * @param atATime how many to try side by side
 * @returns the history itself if no smaller one fails
 */
export async function shrink(
  history: History,
  space: Space,
  fails: (history: History) => Promise<boolean>,
  atATime: () => number,
): Promise<History> {
  let smallest = history;
  search: while (true) {
    const candidates = [...smaller(smallest, space)];
    for (let at = 0, some: History[]; at < candidates.length; at += some.length) {
      some = candidates.slice(at, at + atATime());
      const failing = await Promise.all(some.map(fails));
      const first = failing.indexOf(true);
      if (first < 0) continue;
      smallest = some[first]!;
      continue search;
    }
    return smallest;
  }
}

/** Deals the cases of a run to several machines. */

/** A part of a run. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export const MOST_SHARDS = 10_000;

/**
 * The shard that a text such as `3/8` names.
 * @returns undefined if it names none
 */
export function parseShard(text: string): Shard | undefined {
  const [, index, count] = /^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || count === undefined || index > count || count > MOST_SHARDS) return undefined;
  return { index, count };
}

export const shardName = ({ index, count }: Shard): string => `shard ${index} of ${count}`;

/**
 * The cases of a shard, in the order in which they are given. Each case is in one shard, whatever the order. Names are
 * dealt like cards, in their alphabetical order: families that share a prefix cost about the same, and are spread.
 * @param cases unique names
 * @example
 * ```ts
 * shardOf(['a', 'b', 'c', 'd', 'e'], { index: 2, count: 2 }); // ['b', 'd']
 * ```
 */
export function shardOf(cases: readonly string[], { index, count }: Shard): string[] {
  // By code units, because a locale may differ between machines.
  const own = new Set(cases.toSorted(byCodeUnits).filter((_, at) => at % count === index - 1));
  return cases.filter((name) => own.has(name));
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What is seen of a stage at one point of both runs. */
import type { Value } from '../words.ts';

/** A thing that differs between the two runs. */
export interface Parted {
  /** Empty if the stage has only one thing, such as the loss. */
  readonly name: string;
  /** The norm, then the sketch if there is one. Empty if the values are not numbers. */
  readonly mine: readonly (number | null)[];
  readonly theirs: readonly (number | null)[];
  /** The two values as text shows them, if the thing is one value. */
  readonly values?: readonly [mine: Value, theirs: Value];
}

export interface Sight {
  readonly parted: readonly Parted[];
  /** The names of all things of the stage that the control shows. */
  readonly among: readonly string[];
}

/** Compares the entries that both sides have. Undefined if they share none. */
export function sightOfEntries(
  theirs: Readonly<Record<string, Value>> | undefined,
  mine: Readonly<Record<string, Value>> | undefined,
  chosen: (name: string) => boolean = () => true,
): Sight | undefined {
  if (theirs === undefined || mine === undefined) return undefined;
  const among = Object.keys(theirs).filter((name) => Object.hasOwn(mine, name) && chosen(name));
  if (among.length === 0) return undefined;
  const parted = among
    .filter((name) => !Object.is(mine[name], theirs[name]))
    .map((name): Parted => ({ name, mine: [], theirs: [], values: [mine[name], theirs[name]] }));
  return { parted, among };
}

/** What parsed JSON holds beside tensors: numbers and texts by path, and how much its lists and texts could hold. */

export interface Scalars {
  /** Numbers, booleans and null, by the keys that lead to them, joined by `/`. Nothing within lists. */
  readonly values: ReadonlyMap<string, number | boolean | null>;
  readonly texts: ReadonlyMap<string, string>;
  /** The most values of a tensor that one list, or one text of 4 characters for each, can hold. */
  readonly room: number;
}

const CHARACTERS_PER_VALUE = 4;
export const roomIn = (text: string): number => Math.floor(text.length / CHARACTERS_PER_VALUE);

export function scalarsIn(json: unknown): Scalars {
  const values = new Map<string, number | boolean | null>();
  const texts = new Map<string, string>();
  let room = 0;
  const walk = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      texts.set(path, value);
      room = Math.max(room, roomIn(value));
    } else if (Array.isArray(value)) room = Math.max(room, leavesOf(value));
    else if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value);
      // An object can stand for a list: {"0": 0.5, "1": 0.25}.
      room = Math.max(room, entries.length);
      for (const [key, own] of entries) walk(own, path === '' ? key : `${path}/${key}`);
    } else values.set(path, value as number | boolean | null);
  };
  walk(json, '');
  return { values, texts, room };
}

/** Numbers in a list and in all that is in it, and the room in its texts. */
function leavesOf(value: unknown): number {
  if (typeof value === 'string') return roomIn(value);
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, own) => sum + leavesOf(own), 0);
}

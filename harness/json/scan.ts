/**
 * Bounds JSON before it is parsed. `JSON.parse` takes 50 bytes of memory for each bracket of `[[[…`, and more for each
 * key, so the bytes are walked first, which allocates nothing.
 */

/** The most that one document may hold. */
export const BOUNDS = {
  /** Nested arrays and objects. */
  depth: 64,
  /** Keys of all objects together. */
  keys: 1_000_000,
  /** Values of all arrays and objects together. */
  values: 4_000_000,
};

/** What a walk has met so far. Several walks may share one. */
export interface Tally {
  keys: number;
  values: number;
}

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, COLON] = [9, 10, 13, 32, 34, 44, 58];
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [91, 92, 93, 123, 125];

/** Why the bytes exceed the bounds, as a phrase; undefined if they do not. Counts their keys and values in `tally`. */
export function exceeds(bytes: Uint8Array, tally: Tally): string | undefined {
  // Where this stops short of the end, `JSON.parse` stops, too.
  if (skipValue(bytes, 0, tally) >= 0) return undefined;
  if (tally.keys > BOUNDS.keys) return `more than ${BOUNDS.keys} keys`;
  if (tally.values > BOUNDS.values) return `more than ${BOUNDS.values} values`;
  return `values nested more than ${BOUNDS.depth} deep`;
}

/**
 * Skips to the comma or bracket after a value, or to the end. Counts what it passes; returns -1 if that exceeds
 * {@link BOUNDS}. Does not check that it is JSON.
 */
export function skipValue(bytes: Uint8Array, from: number, tally: Tally): number {
  let depth = 0;
  let { keys, values } = tally;
  let at = from;
  scan: for (; at < bytes.length; at += 1) {
    const byte = bytes[at]!;
    // Digits, points and minus signs: most of what is not text.
    if (byte > COMMA && byte < COLON) continue;
    switch (byte) {
      case QUOTE:
        at = skipString(bytes, at) - 1;
        break;
      case COLON:
        keys += 1;
        break;
      case COMMA:
        if (depth === 0) break scan;
        values += 1;
        break;
      case OPEN:
      case OPEN_LIST:
        depth += 1;
        values += 1;
        if (depth > BOUNDS.depth) return -1;
        break;
      case CLOSE:
      case CLOSE_LIST:
        if (depth === 0) break scan;
        depth -= 1;
        break;
    }
  }
  tally.keys = keys;
  tally.values = values;
  return keys > BOUNDS.keys || values > BOUNDS.values ? -1 : at;
}

/** Skips from an opening quote past its closing quote. */
export function skipString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === RETURN || bytes[at] === LINE_FEED) at += 1;
  return at;
}

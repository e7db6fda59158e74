/** Parses JSON of strangers: bounded, and without silent losses. */
import { exceeds } from './scan.ts';

/** Why JSON is refused that `JSON.parse` would take. The message is a phrase, such as `duplicate key "a"`. */
export class RefusedJson extends Error {}

/**
 * Parses JSON.
 * @param decode decodes UTF-8; called once the bytes are known to be within bounds
 * @throws {RefusedJson} beyond the bounds of scan.ts, for a key that an object has twice and for a key `__proto__`
 * @throws {SyntaxError} if it is not JSON
 */
export function parseBounded<Bytes extends Uint8Array>(
  bytes: Bytes,
  decode: (bytes: Bytes) => string,
): unknown {
  const tally = { keys: 0, values: 0 };
  const problem = exceeds(bytes, tally);
  if (problem !== undefined) throw new RefusedJson(problem);
  const text = decode(bytes);
  const value: unknown = JSON.parse(text);
  requireKeys(value, tally.keys, () => text);
  return value;
}

/**
 * Checks that a parsed value has all of its text's keys: `JSON.parse` keeps only the last of equal ones.
 * @param written how many keys the text has
 * @throws {RefusedJson} for a key that an object has twice and for a key `__proto__`
 */
export function requireKeys(value: unknown, written: number, textOf: () => string): void {
  if (countKeys(value) !== written) throw new RefusedJson(`duplicate key ${duplicateIn(textOf())}`);
}

/** Recursive, which is safe within the bounds. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  for (const key in value) {
    // Some readers drop it; others take it for the object's prototype.
    if (key === '__proto__') throw new RefusedJson('key "__proto__"');
    count += 1;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object') count += countKeys(item);
  }
  return count;
}

/** The first key that an object of valid JSON has twice, as written. Slow; only for the message. */
function duplicateIn(text: string): string {
  const open: (Set<string> | null)[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[[\]{}]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null);
    else if (token === '}' || token === ']') open.pop();
    else if (token.endsWith(':')) {
      const written = token.slice(0, -1).trimEnd();
      const key: string = JSON.parse(written);
      const keys = open.at(-1);
      if (keys?.has(key)) return written.length > 120 ? `${written.slice(0, 117)}...` : written;
      keys?.add(key);
    }
  }
  return 'in one object';
}

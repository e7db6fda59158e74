/** JSON without silent losses: refuses duplicate keys, NaN (JSON.stringify writes null) and unbounded nesting. */
import { show } from './error.ts';

/** A JSON value that holds no others. */
export type JsonScalar = string | number | boolean | null;
/** A JSON value. */
export type Json = JsonScalar | readonly Json[] | { readonly [key: string]: Json };

/** Maximum nesting of arrays and objects. */
export const MAX_DEPTH = 64;

/**
 * Parses UTF-8 JSON.
 * @throws Error on malformed UTF-8 or JSON, duplicate keys, a key `__proto__`, nesting beyond MAX_DEPTH
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  checkKeys(text);
  return value;
}

/** Expects valid JSON, so it only has to track quotes and brackets. */
function checkKeys(text: string): void {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) throw new Error(`nested more than ${MAX_DEPTH} deep`);
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
      let after = at + 1;
      while (/\s/.test(text[after] ?? '')) after++;
      if (text[after] !== ':') continue;
      const key: string = JSON.parse(text.slice(start, at + 1));
      const keys = open.at(-1);
      if (key === '__proto__') throw new Error('key "__proto__"');
      if (keys?.has(key)) throw new Error(`duplicate key ${show(key)}`);
      keys?.add(key);
    }
  }
}

export interface NotJson {
  /** Path within the value, such as `data.cursor[2]`; empty for the value itself. */
  readonly path: string;
  readonly received: string;
}

/** Finds the first part of `value` that JSON would silently drop or change, or that nests deeper than MAX_DEPTH. */
export function findNonJson(value: unknown, path = '', depth = 0): NotJson | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { path, received: String(value) };
  }
  if (typeof value !== 'object') return { path, received: `a value of type ${typeof value}` };
  if (depth >= MAX_DEPTH) return { path, received: `nesting more than ${MAX_DEPTH} deep` };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = findNonJson(value[i], `${path}[${i}]`, depth + 1);
      if (found) return found;
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return { path, received: `an instance of ${value.constructor?.name || 'a class'}` };
  }
  for (const [key, entry] of Object.entries(value)) {
    const inside = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__') return { path: inside, received: 'that key' };
    const found = findNonJson(entry, inside, depth + 1);
    if (found) return found;
  }
  return undefined;
}

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Encodes UTF-8 JSON that parses back to the same bits. JSON.stringify alone turns -0 into 0. */
export function encodeJson(value: unknown): Uint8Array {
  const exact = (_key: string, entry: unknown) => (Object.is(entry, -0) ? rawJSON('-0') : entry);
  return new TextEncoder().encode(`${JSON.stringify(value, exact, 2)}\n`);
}

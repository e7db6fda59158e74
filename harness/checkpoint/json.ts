/** JSON without silent losses: refuses duplicate keys, NaN (JSON.stringify writes null) and what exceeds the bounds. */
import { parseBounded } from '../json/parse.ts';
import { BOUNDS } from '../json/scan.ts';

/** A JSON value that holds no others. */
export type JsonScalar = string | number | boolean | null;
/** A JSON value. */
export type Json = JsonScalar | readonly Json[] | { readonly [key: string]: Json };

/** Maximum nesting of arrays and objects. */
export const MAX_DEPTH = BOUNDS.depth;

/**
 * Parses UTF-8 JSON.
 * @throws Error on malformed UTF-8 or JSON, duplicate keys, a key `__proto__`, and beyond the bounds of json/scan.ts
 */
export function parseJson(bytes: Uint8Array): unknown {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return parseBounded(bytes, (whole) => decoder.decode(whole));
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

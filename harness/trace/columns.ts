/**
 * The columns of a step's line, without the schema's walk over each of their values. Most columns are the same
 * in many steps, and those of equal runs are the same in each: what has the same text is read once and shared.
 */
import { hash } from 'node:crypto';
import type { StepRecord } from './schema.ts';

const INFINITIES_AND_NAN: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** Undefined for what is no value of a column; each says what the schema says. */
type Check = (value: unknown) => number | boolean | null | undefined;

const real: Check = (value) => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && Object.hasOwn(INFINITIES_AND_NAN, value)
    ? INFINITIES_AND_NAN[value]
    : undefined;
};
const realOrNull: Check = (value) => (value === null ? null : real(value));
const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
const flag: Check = (value) => (typeof value === 'boolean' ? value : undefined);

const CHECKS = { real, realOrNull, count, flag };
type Values = keyof typeof CHECKS;

const VALUES: Readonly<Record<string, Values>> = {
  l2: 'real',
  updateL2: 'real',
  changed: 'flag',
  gradientL2: 'realOrNull',
  appliedGradientL2: 'realOrNull',
  hookCalls: 'count',
  updates: 'count',
  learningRates: 'realOrNull',
} satisfies Partial<Record<keyof StepRecord, Values>>;

/** What has been read so far, by the digest of its text. One pool may serve the traces that are judged together. */
export class ColumnPool {
  readonly #columns = new Map<string, readonly unknown[]>();

  /** Undefined where it is not what the schema asks for. */
  read(name: string, text: Buffer): readonly unknown[] | undefined {
    const kind = VALUES[name]!;
    const key = `${kind} ${hash('sha256', text, 'base64')}`;
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const column = readColumn(CHECKS[kind], text);
    if (column !== undefined) this.#columns.set(key, column);
    return column;
  }

  /** The list itself, or one that holds the same and was here before it. */
  shared<Item extends string | null>(list: readonly Item[]): readonly Item[] {
    const key = `list ${hash('sha256', JSON.stringify(list), 'base64')}`;
    const known = this.#columns.get(key) as readonly Item[] | undefined;
    if (known === undefined) this.#columns.set(key, list);
    return known ?? list;
  }
}

function readColumn(check: Check, text: Buffer): readonly unknown[] | undefined {
  let values: unknown[];
  try {
    // Whatever is not ASCII is no value of a column.
    values = JSON.parse(text.toString('latin1')) as unknown[];
  } catch {
    return undefined;
  }
  // A loop over the indexes of columns of several kinds would box every number: V8 makes them all of one kind.
  if (!values.every((value) => check(value) !== undefined)) return undefined;
  return values.some((value) => typeof value === 'string') ? values.map(check) : values;
}

export interface CutLine {
  /** The line with an empty array in place of each column. */
  readonly rest: string;
  readonly columns: ReadonlyMap<string, Buffer>;
}

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, COLON] = [9, 10, 13, 32, 34, 44, 58];
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [91, 92, 93, 123, 125];

/**
 * Cuts columns out of a line of one JSON object, at its top level only. Undefined where the line holds none, or
 * is not so plain that a column can be cut out of it: read it whole then. That it is JSON is for its rest to show.
 */
export function cutColumns(line: Buffer): CutLine | undefined {
  const columns = new Map<string, Buffer>();
  const parts: string[] = [];
  let kept = 0;
  let at = skipSpace(line, 0);
  if (line[at] !== OPEN) return undefined;
  do {
    at = skipSpace(line, at + 1);
    const key = at + 1;
    if (line[at] !== QUOTE) return undefined;
    at = skipString(line, at);
    const name = line.toString('latin1', key, at - 1);
    at = skipSpace(line, at);
    if (line[at] !== COLON) return undefined;
    at = skipSpace(line, at + 1);
    if (Object.hasOwn(VALUES, name) && line[at] === OPEN_LIST) {
      // A column holds no list, and no text with a bracket.
      const end = line.indexOf(CLOSE_LIST, at) + 1;
      if (end === 0 || columns.has(name)) return undefined;
      columns.set(name, line.subarray(at, end));
      parts.push(line.toString('utf8', kept, at), '[]');
      kept = at = end;
    } else {
      // An escape may spell the name of a column.
      if (name.includes('\\')) return undefined;
      at = skipValue(line, at);
    }
    at = skipSpace(line, at);
  } while (line[at] === COMMA);
  if (columns.size === 0) return undefined;
  return { rest: parts.join('') + line.toString('utf8', kept), columns };
}

function skipSpace(line: Buffer, from: number): number {
  let at = from;
  while (line[at] === SPACE || line[at] === TAB || line[at] === RETURN || line[at] === LINE_FEED) at += 1;
  return at;
}

/** From a quote to behind the one that ends it. */
function skipString(line: Buffer, from: number): number {
  let at = from + 1;
  while (at < line.length && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** To the comma or the bracket that ends a value. */
function skipValue(line: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < line.length) {
    const byte = line[at]!;
    if (byte === QUOTE) {
      at = skipString(line, at);
      continue;
    }
    if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (depth === 0) return at;
      depth -= 1;
    } else if (byte === COMMA && depth === 0) return at;
    at += 1;
  }
  return at;
}

/**
 * Reads the columns of a step's line without the schema's walk over each value. Many columns repeat between the steps
 * of a run and between equal runs, so equal text is parsed once and shared.
 */
import { hash } from 'node:crypto';
import type { StepRecord } from './schema.ts';

const INFINITIES_AND_NAN: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** Returns undefined for an invalid value. Each check matches the schema. */
type Check = (value: unknown) => number | boolean | null | undefined;

const real: Check = (value) => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && Object.hasOwn(INFINITIES_AND_NAN, value)
    ? INFINITIES_AND_NAN[value]
    : undefined;
};
const norm: Check = (value) => {
  const number = real(value);
  return typeof number === 'number' && number < 0 ? undefined : number;
};
const normOrNull: Check = (value) => (value === null ? null : norm(value));
const realOrNull: Check = (value) => (value === null ? null : real(value));
const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
const flag: Check = (value) => (typeof value === 'boolean' ? value : undefined);

const CHECKS = { norm, normOrNull, realOrNull, count, flag };
type Values = keyof typeof CHECKS;

const VALUES: Readonly<Record<string, Values>> = {
  l2: 'norm',
  updateL2: 'norm',
  changed: 'flag',
  gradientL2: 'normOrNull',
  appliedGradientL2: 'normOrNull',
  hookCalls: 'count',
  updates: 'count',
  learningRates: 'realOrNull',
} satisfies Partial<Record<keyof StepRecord, Values>>;

/** Caches columns by the digest of their text. Traces that are judged together can share one pool. */
export class ColumnPool {
  readonly #columns = new Map<string, readonly unknown[]>();

  /** Returns undefined if the text does not match the schema. */
  read(name: string, text: Buffer): readonly unknown[] | undefined {
    const kind = VALUES[name]!;
    const key = `${kind} ${hash('sha256', text, 'base64')}`;
    const known = this.#columns.get(key);
    if (known !== undefined) return known;
    const column = readColumn(CHECKS[kind], text);
    if (column !== undefined) this.#columns.set(key, column);
    return column;
  }

  /** Returns an equal list from the pool, or adds this one. */
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
    // latin1 is enough: a valid column is ASCII.
    values = JSON.parse(text.toString('latin1')) as unknown[];
  } catch {
    return undefined;
  }
  // An index loop over columns of mixed kinds would make V8 box every number; `every` does not.
  if (!values.every((value) => check(value) !== undefined)) return undefined;
  return values.some((value) => typeof value === 'string') ? values.map(check) : values;
}

export interface CutLine {
  /** The line with each column replaced by an empty array. */
  readonly rest: string;
  readonly columns: ReadonlyMap<string, Buffer>;
}

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, COLON] = [9, 10, 13, 32, 34, 44, 58];
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [91, 92, 93, 123, 125];

/**
 * Cuts the columns out of the top level of a JSON object on one line. Returns undefined if the line has no columns or
 * is too irregular to cut; parse the whole line then. Does not check that the line is JSON; parsing `rest` does.
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
      // A valid column contains neither a list nor a string with a bracket.
      const end = line.indexOf(CLOSE_LIST, at) + 1;
      if (end === 0 || columns.has(name)) return undefined;
      columns.set(name, line.subarray(at, end));
      parts.push(line.toString('utf8', kept, at), '[]');
      kept = at = end;
    } else {
      // The escape may spell a column's name.
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

/** Skips from an opening quote past its closing quote. */
function skipString(line: Buffer, from: number): number {
  let at = from + 1;
  while (at < line.length && line[at] !== QUOTE) at += line[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Skips to the comma or bracket after a value. */
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

/**
 * Reads the columns of a step's line without the schema's walk over each value. Many columns repeat between the steps
 * of a run and between equal runs, so equal text is parsed once and shared.
 */
import { hash } from 'node:crypto';
import { skipSpace, skipString, skipValue, type Tally } from '../json/scan.ts';
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

/** 200,000 parameters need about this. Parsing as many brackets takes 200 MB. */
const MAX_COLUMN_BYTES = 4 * 1024 * 1024;

/** Up to this many bytes, the text costs less than its digest. */
const SHORT = 128;

/** Caches columns by the digest of their text. Traces that are judged together can share one pool. */
export class ColumnPool {
  readonly #columns = new Map<string, readonly unknown[]>();

  /** Returns undefined if the text is too long or does not match the schema. */
  read(name: string, text: Buffer): readonly unknown[] | undefined {
    if (text.length > MAX_COLUMN_BYTES) return undefined;
    const kind = VALUES[name]!;
    // Text cannot be taken for a digest: it begins with a bracket.
    const key = `${kind} ${text.length <= SHORT ? text.toString('latin1') : hash('sha256', text, 'base64')}`;
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
  /** How many keys `rest` has. */
  readonly keys: number;
  readonly columns: ReadonlyMap<string, Buffer>;
}

const [QUOTE, COMMA, COLON, OPEN_LIST, CLOSE_LIST, OPEN] = [34, 44, 58, 91, 93, 123];

/**
 * Cuts the columns out of the top level of a JSON object on one line. Returns undefined if the line is too irregular to
 * cut or beyond the bounds; parse the whole line then. Does not check that the line is JSON; parsing `rest` does.
 */
export function cutColumns(line: Buffer): CutLine | undefined {
  const columns = new Map<string, Buffer>();
  const parts: string[] = [];
  const tally: Tally = { keys: 0, values: 0 };
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
    tally.keys += 1;
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
      at = skipValue(line, at, tally);
      if (at < 0) return undefined;
    }
    at = skipSpace(line, at);
  } while (line[at] === COMMA);
  return { rest: parts.join('') + line.toString('utf8', kept), keys: tally.keys, columns };
}

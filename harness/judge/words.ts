/** Numbers, names and counts in the sentences of findings and diagnoses. */
import type { Finding } from './verdict.ts';

/** `3 of 20 parameters`, `all 20 parameters`, `the parameter`. */
export function ofAll(count: number, total: number, noun: string, plural = `${noun}s`): string {
  if (count < total) return `${count} of ${total} ${plural}`;
  return total === 1 ? `the only ${noun}` : `all ${total} ${plural}`;
}

/** `is` of one, `are` of several. */
export const plural = (count: number, one: string, several: string): string => (count === 1 ? one : several);

/** What a state, a step or a trainer may say of something. */
export type Value = string | number | boolean | null | undefined;

/** Four significant digits; integers are counts, and are written in full as far as they are exact. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'none';
  if (!Number.isFinite(value) || value === 0 || Number.isSafeInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude < 1e-3 || magnitude >= 1e6 ? value.toExponential(3) : value.toPrecision(4);
}

/** An empty text shows as `""`. */
export function shown(value: Value): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  return typeof value === 'boolean' ? String(value) : figure(value);
}

/** Both, told apart: numbers by as many digits as that takes, other values by their type. */
export function valuesApart(one: Value, other: Value): readonly [string, string] {
  const short = [shown(one), shown(other)] as const;
  if (short[0] !== short[1] || Object.is(one, other)) return short;
  if (typeof one === 'number' && typeof other === 'number') {
    if (one === 0) return [signed(one), signed(other)];
    for (let digits = 5; digits <= 17; digits++) {
      const long = [one.toPrecision(digits), other.toPrecision(digits)] as const;
      if (long[0] !== long[1]) return long;
    }
  }
  return [literal(one), literal(other)];
}

const signed = (zero: number): string => (Object.is(zero, -0) ? '-0' : '0');
const literal = (value: Value): string => (value === undefined ? 'none' : JSON.stringify(value));

/** `1.345012 instead of 1.345007`; of what is the same, `1.345 in both`. */
export function insteadOf(seen: Value, expected: Value): string {
  const [one, other] = valuesApart(seen, expected);
  return one === other ? `${one} in both` : `${one} instead of ${other}`;
}

/** Longer lists help nobody. */
const LISTED = 6;

/** `a, b and 3 more`: at most six. */
export function enumerated(texts: readonly string[], most = LISTED, count = texts.length): string {
  const some = texts.slice(0, Math.min(most, LISTED));
  const more = count - some.length;
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ');
}

/**
 * `'a', 'b' and 3 more`.
 * @param count of all, where `names` is not all of them
 */
export const listed = (names: readonly string[], most = 3, count = names.length): string =>
  enumerated(names.map(quoted), most, count);

const quoted = (name: string): string => (name === '' ? '""' : `'${name}'`);

/** Two lists that differ, each from where they part if their beginnings are the same. */
export function listsApart(one: readonly string[], other: readonly string[]): readonly [string, string] {
  const short = [listed(one), listed(other)] as const;
  const at = one.findIndex((name, place) => name !== other[place]);
  if (short[0] !== short[1] || at < 0) return short;
  return [one, other].map((names) => `${listed(names.slice(at))} after ${at} equal ones`) as [string, string];
}

/** Of a finding, which does not name all of its subjects. */
export const subjectsOf = ({ subjects, subjectCount }: Pick<Finding, 'subjects' | 'subjectCount'>): string =>
  listed(subjects, 3, subjectCount);

/** Formats numbers, names and counts for the sentences of findings and diagnoses. */
import type { Finding } from './verdict.ts';

/** `3 of 20 parameters`, `all 20 parameters`, `the only parameter`. */
export function ofAll(count: number, total: number, noun: string, plural = `${noun}s`): string {
  if (count < total) return `${count} of ${total} ${plural}`;
  return total === 1 ? `the only ${noun}` : `all ${total} ${plural}`;
}

/** The same with the names of those that are not all: `2 of 3 parameters ('a', 'b')`. */
export const whichOf = (some: readonly { readonly name: string }[], total: number, noun: string): string =>
  `${ofAll(some.length, total, noun)}${some.length < total ? ` (${listed(some.map(({ name }) => name))})` : ''}`;

/** The same for the subjects of a finding. */
export const whichSubjects = (found: Finding, noun: string): string =>
  `${ofAll(found.subjectCount, found.total, noun)}${found.subjectCount < found.total ? ` (${subjectsOf(found)})` : ''}`;

/** `is` for one, `are` for several. */
export const plural = (count: number, one: string, several: string): string => (count === 1 ? one : several);

/** A value that a state, a step or a trainer may report. */
export type Value = string | number | boolean | null | undefined;

/** Four significant digits. Integers are counts: safe ones are written in full. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'none';
  if (!Number.isFinite(value) || value === 0 || Number.isSafeInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude < 1e-3 || magnitude >= 1e6 ? value.toExponential(3) : value.toPrecision(4);
}

/** An empty string shows as `""`. */
export function shown(value: Value): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  return typeof value === 'boolean' ? String(value) : figure(value);
}

/** Formats two values so that different ones look different: numbers get enough digits, other values show their type. */
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

/** `1.345012 instead of 1.345007`, or `1.345 in both` for equal values. */
export function insteadOf(seen: Value, expected: Value): string {
  const [one, other] = valuesApart(seen, expected);
  return one === other ? `${one} in both` : `${one} instead of ${other}`;
}

/** Longer lists are hard to read. */
const LISTED = 6;

/** `a, b and 3 more`. Lists at most six. */
export function enumerated(texts: readonly string[], most = LISTED, count = texts.length): string {
  const some = texts.slice(0, Math.min(most, LISTED));
  const more = count - some.length;
  return more > 0 ? `${some.join(', ')} and ${more} more` : some.join(', ');
}

/**
 * `'a', 'b' and 3 more`.
 * @param count how many names there are, if `names` holds only some of them
 */
export const listed = (names: readonly string[], most = 3, count = names.length): string =>
  enumerated(names.map(quoted), most, count);

const quoted = (name: string): string => (name === '' ? '""' : `'${name}'`);

/** Formats two lists so that different ones look different: lists that have equal beginnings are shown from where they differ. */
export function listsApart(one: readonly string[], other: readonly string[]): readonly [string, string] {
  const short = [listed(one), listed(other)] as const;
  const at = one.findIndex((name, place) => name !== other[place]);
  if (short[0] !== short[1] || at < 0) return short;
  return [one, other].map((names) => `${listed(names.slice(at))} after ${at} equal entries`) as [
    string,
    string,
  ];
}

/** The subjects of a finding, which may name only some of them. */
export const subjectsOf = ({ subjects, subjectCount }: Pick<Finding, 'subjects' | 'subjectCount'>): string =>
  listed(subjects, 3, subjectCount);

/** Numbers, names and counts in the sentences of findings and diagnoses. */
import type { Finding } from './verdict.ts';

/** `3 of 20 parameters`, `all 20 parameters`, `the parameter`. */
export function ofAll(count: number, total: number, noun: string, plural = `${noun}s`): string {
  if (count < total) return `${count} of ${total} ${plural}`;
  return total === 1 ? `the only ${noun}` : `all ${total} ${plural}`;
}

/** `is` of one, `are` of several. */
export const plural = (count: number, one: string, several: string): string => (count === 1 ? one : several);

/** Four significant digits. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'none';
  if (!Number.isFinite(value) || value === 0 || Number.isInteger(value)) return String(value);
  const magnitude = Math.abs(value);
  return magnitude < 1e-3 || magnitude >= 1e6 ? value.toExponential(3) : value.toPrecision(4);
}

type Figure = number | null | undefined;

/** Both with as many digits as tell them apart. */
export function figuresApart(one: Figure, other: Figure): readonly [string, string] {
  const short = [figure(one), figure(other)] as const;
  if (short[0] !== short[1] || Object.is(one, other)) return short;
  for (let digits = 5; digits <= 17; digits++) {
    const long = [`${one?.toPrecision(digits)}`, `${other?.toPrecision(digits)}`] as const;
    if (long[0] !== long[1]) return long;
  }
  return short;
}

/** `1.345012 instead of 1.345007`. */
export const apart = (seen: Figure, expected: Figure): string =>
  figuresApart(seen, expected).join(' instead of ');

/**
 * `'a', 'b' and 3 more`.
 * @param count of all, where `names` is not all of them
 */
export function listed(names: readonly string[], most = 3, count = names.length): string {
  const shown = names.slice(0, most).map((name) => `'${name}'`);
  const more = count - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** Of a finding, which does not name all of its subjects. */
export const subjectsOf = ({ subjects, subjectCount }: Pick<Finding, 'subjects' | 'subjectCount'>): string =>
  listed(subjects, 3, subjectCount);

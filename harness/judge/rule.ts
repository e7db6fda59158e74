/** What a rule is, and how it words what it finds. */
import type { Evidence } from './evidence.ts';
import type { Finding } from './verdict.ts';

/** From when on, after a resume, what a rule looks for can be known; in this order. An update: of either run. */
export const SPEAKS = [
  'before the first step',
  'at the first step',
  'at the first update',
  'at the end of the stretch',
] as const;

/** A rule of the judge: a claim that holds of every healthy run. docs/rules.md describes each one. */
export interface Rule {
  /** Stable: scenarios name it in `expect`. */
  readonly id: string;
  readonly proof: Finding['proof'];
  /** What this rule claims of a healthy run; one sentence, shown by `resumeproof list --rules`. */
  readonly claim: string;
  /** The evidence that it goes by, in words that follow `It reads`. */
  readonly reads: string;
  /** The soonest: of what happens later only, it speaks later. A finding's `step` is never before it. */
  readonly speaks: (typeof SPEAKS)[number];
  /** Pure: traces in, findings out. */
  readonly judge: (evidence: Evidence) => readonly Found[];
}

/** A finding without what its rule already says. */
export type Found = Pick<Finding, 'sentence' | 'expected' | 'seen' | 'cause' | 'remedy'> &
  Partial<Pick<Finding, 'subjectCount' | 'total' | 'resume' | 'step' | 'refutes' | 'subjects'>>;

/** More names than these help nobody. */
const SUBJECTS_SHOWN = 8;

export function complete(rule: Rule, found: Found): Finding {
  const { subjects = [], resume = 0, step = null, refutes = rule.proof !== 'run' } = found;
  return {
    ...found,
    rule: rule.id,
    proof: rule.proof,
    refutes,
    resume,
    step,
    subjects: subjects.slice(0, SUBJECTS_SHOWN),
    subjectCount: found.subjectCount ?? subjects.length,
    total: found.total ?? subjects.length,
  };
}

/** `3 of 20 parameters`, `all 20 parameters`, `the parameter`. */
export function ofAll(count: number, total: number, noun: string, plural = `${noun}s`): string {
  if (count < total) return `${count} of ${total} ${plural}`;
  return total === 1 ? `the only ${noun}` : `all ${total} ${plural}`;
}

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

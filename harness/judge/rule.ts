/** What a rule is, and how it words what it finds. */
import type { Evidence, Resume } from './evidence.ts';
import type { Finding } from './verdict.ts';

/** From when on, after a resume, what a rule looks for can be known; in this order. An update: of either run. */
export const SPEAKS = [
  'before the first step',
  'at the first step',
  'at the first update',
  'at the end of the segment',
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
  /** Judged only where no other rule finds anything. */
  readonly onlyIfSilent?: true;
  /** Pure: traces in, findings out. */
  readonly judge: (evidence: Evidence) => readonly Found[];
}

/** A finding without what its rule already says. */
export type Found = Pick<Finding, 'sentence' | 'expected' | 'seen' | 'likelyCause' | 'fix'> &
  Partial<Pick<Finding, 'subjectCount' | 'total' | 'resume' | 'step' | 'refutes' | 'subjects'>>;

/** Judges each resume by itself. */
export const eachResume =
  (judge: (resume: Resume, evidence: Evidence) => Omit<Found, 'resume'> | undefined): Rule['judge'] =>
  (evidence) =>
    evidence.resumes.flatMap((resume) => {
      const found = judge(resume, evidence);
      return found === undefined ? [] : [{ ...found, resume: resume.index }];
    });

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

/** Rules, and how their findings are completed. */
import type { Evidence, Resume } from './evidence.ts';
import type { Finding } from './verdict.ts';

/** How early after a resume a rule can report a finding, in ascending order. An update is one of either run. */
export const SPEAKS = [
  'before the first step',
  'at the first step',
  'at the first update',
  'at the end of the segment',
] as const;

/** A rule of the judge: a claim that holds for every healthy run. docs/rules.md describes each rule. */
export interface Rule {
  /** Stable: scenarios name it in `expect`. */
  readonly id: string;
  readonly proof: Finding['proof'];
  /** The claim about a healthy run, in one sentence; shown by `resumeproof list --rules`. */
  readonly claim: string;
  /** The evidence that the rule reads, as text after `It reads`. */
  readonly reads: string;
  /** The earliest time of a finding. A fault that shows later is reported later. A finding's `step` is never earlier. */
  readonly speaks: (typeof SPEAKS)[number];
  /** Judged only if no other rule finds anything. */
  readonly onlyIfSilent?: true;
  /** Judged once for all ranks of a run, instead of on each rank; reads {@link Evidence.ranks}. */
  readonly ofAllRanks?: true;
  /** Pure: reads evidence, returns findings. */
  readonly judge: (evidence: Evidence) => readonly Found[];
}

/** What findings of a rule look like in runs that were spoiled on purpose. */
export interface Explanation {
  readonly example: Pick<Finding, 'sentence' | 'expected' | 'seen'>;
  readonly likelyCauses: readonly string[];
  readonly fixes: readonly string[];
}

/** A finding without the fields that its rule supplies. */
export type Found = Pick<Finding, 'sentence' | 'expected' | 'seen' | 'likelyCause' | 'fix'> &
  Partial<Pick<Finding, 'subjectCount' | 'total' | 'resume' | 'step' | 'refutes' | 'subjects' | 'ranks'>>;

/** Judges each resume separately. */
export const eachResume =
  (judge: (resume: Resume, evidence: Evidence) => Omit<Found, 'resume'> | undefined): Rule['judge'] =>
  (evidence) =>
    evidence.resumes.flatMap((resume) => {
      const found = judge(resume, evidence);
      return found === undefined ? [] : [{ ...found, resume: resume.index }];
    });

/** The maximum number of subjects that a finding lists. */
const SUBJECTS_SHOWN = 500;

/** @param own the ranks that the finding is about if it does not say so itself */
export function complete(rule: Rule, found: Found, own: readonly number[] = []): Finding {
  const { subjects = [], resume = 0, step = null, refutes = rule.proof !== 'run' } = found;
  return {
    ...found,
    rule: rule.id,
    proof: rule.proof,
    refutes,
    resume,
    step,
    ranks: found.ranks ?? [...own],
    subjects: subjects.slice(0, SUBJECTS_SHOWN),
    subjectCount: found.subjectCount ?? subjects.length,
    total: found.total ?? subjects.length,
  };
}

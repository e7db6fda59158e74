/** Judges only resumes with both states recorded. state-missing reports the others. */
import type { StateRecord } from '../../../trace/schema.ts';
import type { Evidence, Resume } from '../../evidence.ts';
import { eachResume, type Found, type Rule } from '../../rule.ts';

interface KnownResume extends Resume {
  readonly saved: StateRecord;
  readonly resumed: StateRecord;
}

const isKnown = (resume: Resume): resume is KnownResume =>
  resume.saved !== undefined && resume.resumed !== undefined;

export const eachRestored = (
  judge: (resume: KnownResume, evidence: Evidence) => Omit<Found, 'resume'> | undefined,
): Rule['judge'] => eachResume((resume, evidence) => (isKnown(resume) ? judge(resume, evidence) : undefined));

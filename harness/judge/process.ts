/** The process behind a trace. */
import { resumes } from '../trace/roles.ts';
import type { Trace } from '../trace/schema.ts';
import type { Evidence } from './evidence.ts';

export const nameOf = (trace: Trace): string => {
  // A process that died before its first record is named after its folder.
  if (trace.run === undefined) return trace.file.split(/[/\\]/).at(-2) ?? 'unknown';
  return trace.run.id;
};

/** Which resume a process made, from 1; 0 for a process that made none. */
export const resumeOf = ({ resumes }: Pick<Evidence, 'resumes'>, trace: Trace): number =>
  resumes.find(({ after }) => after === trace)?.index ?? 0;

export const isResumed = ({ run }: Trace): boolean => run !== undefined && resumes(run.role);

/** Whether training itself stopped being finite. After a resume, the resume may be the reason. */
export const stoppedBeingFinite = (trace: Trace): boolean =>
  trace.failure?.code === 'non-finite' && !isResumed(trace);

/** A finding about a process that died before its first record names no rank: nothing tells which one it was of. */
export const unknownRank = ({ run }: Trace): { readonly ranks?: number[] } =>
  run === undefined ? { ranks: [] } : {};

/** The process behind a trace. */
import type { Trace } from '../trace/schema.ts';

export const nameOf = (trace: Trace): string => {
  // A process that died before its first record is named after its folder.
  if (trace.run === undefined) return trace.file.split(/[/\\]/).at(-2) ?? 'unknown';
  const { role, segment } = trace.run;
  return role === 'after' ? `after (resume ${segment})` : role;
};

export const resumeOf = (trace: Trace): number => (trace.run?.role === 'after' ? trace.run.segment : 0);

export const isResumed = ({ run }: Trace): boolean => run?.role === 'after' || run?.role === 'cold';

/** Whether training itself stopped being finite. After a resume, the resume may be the reason. */
export const stoppedBeingFinite = (trace: Trace): boolean =>
  trace.failure?.code === 'non-finite' && !isResumed(trace);

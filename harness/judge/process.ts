/** Traces as processes, in the words of the rules. */
import type { Trace } from '../trace/schema.ts';

export const nameOf = (trace: Trace): string => {
  // A process that died before its first record is known by its folder alone.
  if (trace.run === undefined) return trace.file.split(/[/\\]/).at(-2) ?? 'unknown';
  const { role, segment } = trace.run;
  return role === 'after' ? `after (resume ${segment})` : role;
};

export const resumeOf = (trace: Trace): number => (trace.run?.role === 'after' ? trace.run.segment : 0);

export const isResumed = ({ run }: Trace): boolean => run?.role === 'after' || run?.role === 'cold';

/** Before any resume it is the training itself; after one the resume may be to blame. */
export const stoppedBeingFinite = (trace: Trace): boolean =>
  trace.failure?.code === 'non-finite' && !isResumed(trace);

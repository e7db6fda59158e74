/** The first resumes of a run as a run of its own: what is known before the later ones are made. */
import type { Plan, Trace } from '../trace/schema.ts';

export interface Prefix {
  readonly plan: Plan;
  readonly traces: readonly Trace[];
}

/**
 * As if the plan had ended where the next resume begins.
 * @param resumes from 1; fewer than the plan has
 */
export function firstResumes(plan: Plan, traces: readonly Trace[], resumes: number): Prefix {
  const last = plan.resumeAt[resumes]!;
  const short: Plan = {
    steps: last,
    resumeAt: plan.resumeAt.slice(0, resumes),
    ...(plan.resumeOn === undefined ? {} : { resumeOn: plan.resumeOn.slice(0, resumes) }),
  };
  const shortened = traces
    .filter(({ run }) => run?.role !== 'after' || run.segment <= resumes)
    .map((trace) => cut(trace, last))
    .map((trace) => ({ ...trace, run: trace.run && { ...trace.run, plan: short } }));
  return { plan: short, traces: shortened };
}

/** Only runs that go on are cut: those that resume have ended there by themselves. */
function cut(trace: Trace, last: number): Trace {
  if (trace.run?.role === 'before' || trace.run?.role === 'after') return trace;
  /** In passing it was what it would have been at the end; what was done to it there to go on is left out. */
  const until = <At extends string, Record extends { readonly at: At; readonly step: number }>(
    records: readonly Record[],
  ): Record[] =>
    records
      .filter(({ at, step }) => step < last || (step === last && at === 'pass'))
      .map((record) => (record.step === last ? { ...record, at: 'end' } : record));
  return {
    ...trace,
    states: until(trace.states),
    samples: until(trace.samples),
    steps: trace.steps.filter(({ step }) => step <= last),
    end: trace.end && { ...trace.end, step: last },
  };
}

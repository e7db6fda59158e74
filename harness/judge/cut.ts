/** Less than the whole plan: how plan and traces are cut, when a verdict on them stands, and what it says. */
import { cutPlan } from '../trace/plan.ts';
import type { Plan, Trace } from '../trace/schema.ts';
import type { Judgement } from './judge.ts';

/**
 * Whether what a part of the plan has shown settles the verdict: nothing is open, no evidence is amiss, and a known
 * fault is as expected. A refutation stays one, whatever comes after it.
 */
export const settles = ({ outcome, findings, expect, asExpected }: Judgement): boolean =>
  outcome !== 'inconclusive' &&
  !findings.some(({ proof, refutes }) => proof === 'run' && !refutes) &&
  (expect === 'proven' || asExpected);

/** A judgement on a part of a plan as one on the plan, which says that it is none on the rest. */
export function cutShort(judgement: Judgement, asked: Plan, why: string): Judgement {
  const { steps, resumeAt } = judgement.plan;
  const [root] = judgement.findings;
  const end = ` Ended by --fast after step ${steps} of ${asked.steps}.`;
  return {
    ...judgement,
    headline: root === undefined ? `${judgement.headline}${end}` : judgement.headline,
    plan: asked,
    cut: { steps, resumes: resumeAt.length, why },
  };
}

export interface Prefix {
  readonly plan: Plan;
  readonly traces: readonly Trace[];
}

/**
 * The first resumes of a run as a run of its own, as if the plan had ended where the next resume begins.
 * @param resumes from 1; fewer than the plan has
 */
export function firstResumes(plan: Plan, traces: readonly Trace[], resumes: number): Prefix {
  const last = plan.resumeAt[resumes]!;
  const short = cutPlan(plan, last);
  const shortened = traces
    .filter(({ run }) => run?.role !== 'after' || run.segment <= resumes)
    .map((trace) => cutTrace(trace, last))
    .map((trace) => ({ ...trace, run: trace.run && { ...trace.run, plan: short } }));
  return { plan: short, traces: shortened };
}

/** Only runs that go on are cut: those that resume have ended there by themselves. */
function cutTrace(trace: Trace, last: number): Trace {
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

/** Part of a plan: how a plan and its traces are cut, and when the verdict on a part is final. */
import { historyOf } from '../trace/history.ts';
import { cutPlan } from '../trace/plan.ts';
import type { Plan, Trace } from '../trace/schema.ts';
import type { Judgement } from './judge.ts';

/**
 * Whether a part of the plan settles the verdict: no proof is inconclusive, no evidence is flawed, and a known fault is
 * as expected. A later step cannot undo a refutation.
 */
export const settles = ({ outcome, findings, expect, asExpected }: Judgement): boolean =>
  outcome !== 'inconclusive' &&
  !findings.some(({ proof, refutes }) => proof === 'run' && !refutes) &&
  (expect === 'proven' || asExpected);

/** Turns a judgement on a part of a plan into one on the plan, marked as cut. */
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
 * The first resumes of a run as a separate run, as if the plan had ended at the next resume point.
 * @param resumes at least 1, and fewer than the plan has
 */
export function firstResumes(plan: Plan, traces: readonly Trace[], resumes: number): Prefix {
  const last = plan.resumeAt[resumes]!;
  const short = cutPlan(plan, last);
  const ids = new Set(historyOf(short).processes.map(({ id }) => id));
  const shortened = traces
    // What resumes after the last step of the cut plan is no part of it.
    .filter(({ run, resumed }) => run?.role !== 'again' || (resumed?.step ?? last) < last)
    .filter(({ run }) => run?.role !== 'after' || ids.has(run.id))
    .map((trace) => cutTrace(trace, last));
  return { plan: short, traces: shortened };
}

/** Cuts only the runs that never stop. The others have already ended at the resume point. */
function cutTrace(trace: Trace, last: number): Trace {
  if (trace.run?.role === 'before' || trace.run?.role === 'after') return trace;
  const passes = trace.run?.role === 'saver' ? 'save' : 'pass';
  /** A record made in passing equals the one that a run ending there makes. Other records of that step are dropped. */
  const until = <At extends string, Record extends { readonly at: At; readonly step: number }>(
    records: readonly Record[],
  ): Record[] =>
    records
      .filter(({ at, step }) => step < last || (step === last && (at === passes || at === 'sampled')))
      .map((record) => (record.step === last && record.at === passes ? { ...record, at: 'end' } : record));
  return {
    ...trace,
    states: until(trace.states),
    samples: until(trace.samples),
    saved: trace.saved.filter(({ step }) => step < last),
    steps: trace.steps.filter(({ step }) => step <= last),
    end: trace.end && { ...trace.end, step: last },
  };
}

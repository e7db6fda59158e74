/** Verdicts on less than the whole plan: when they stand, and what they say of it. */

import type { Plan } from '../trace/schema.ts';
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

/** The plan up to a step, with the resumes before it. */
export function cutPlan(plan: Plan, steps: number): Plan {
  if (steps === plan.steps) return plan;
  const { resumeAt, resumeOn } = plan;
  const points = resumeAt.filter((step) => step < steps);
  return {
    steps,
    resumeAt: points,
    ...(resumeOn === undefined ? {} : { resumeOn: resumeOn.slice(0, points.length) }),
  };
}

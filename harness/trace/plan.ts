/** Where the processes of a plan begin and end. */
import { resumes } from './roles.ts';
import type { Plan, Role } from './schema.ts';

/** The step that a process starts or resumes after. */
export function firstStep(role: Role, segment: number, { resumeAt }: Plan): number {
  return resumes(role) ? (resumeAt[segment - 1] ?? 0) : 0;
}

/** The plan up to a step, with the resumes before that step. A plan that already ends there is returned unchanged. */
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

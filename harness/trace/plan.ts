/** Where the processes of a plan begin and end. */
import type { Plan, Role } from './schema.ts';

/** Whether a process trains the whole plan without stopping. */
export const isControl = (role: Role): boolean => role === 'control' || role === 'twin';

/** The step that a process starts or resumes after. */
export function firstStep(role: Role, segment: number, { resumeAt }: Plan): number {
  return role === 'after' || role === 'cold' ? (resumeAt[segment - 1] ?? 0) : 0;
}

/** The step after which a process is saved or ends. */
export function lastStep(role: Role, segment: number, { steps, resumeAt }: Plan): number {
  if (role === 'before') return resumeAt[0] ?? steps;
  return role === 'after' ? (resumeAt[segment] ?? steps) : steps;
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

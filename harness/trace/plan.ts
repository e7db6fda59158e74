/** The processes of a plan: their ids, what they resume from, and where they begin and end. */
import { resumes } from './roles.ts';
import type { Plan, Role } from './schema.ts';

/** The id of a process, which is also the name of its folder. */
export const idOf = (role: Role, segment: number): string =>
  segment === 0 || role === 'cold' || role === 'again' ? role : `${role}-${segment}`;

/** The id of the process whose checkpoint a process resumes from; null if it starts from nothing. */
export function sourceOf(role: Role, segment: number): string | null {
  if (!resumes(role)) return null;
  if (role === 'again') return idOf('saver', 0);
  return role === 'after' && segment > 1 ? idOf('after', segment - 1) : idOf('before', 0);
}

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

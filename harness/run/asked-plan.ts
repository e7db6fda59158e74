/** The plan of a command: the scenario's own, with parts replaced by options. */
import type { Plan } from '../trace/schema.ts';
import { checkPlan, type LoadedScenario, onBackends, resumeBackends } from './scenario.ts';
import { UsageError } from './usage-error.ts';

export interface PlanRequest {
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly resumeOn?: readonly string[];
}

/** A scenario's own plan; a software GPU may have a shorter one. */
export const planOf = (
  { plan, softwarePlan }: Pick<LoadedScenario, 'plan' | 'softwarePlan'>,
  softwareGpu: boolean,
): Plan => (softwareGpu ? softwarePlan : plan);

/** @throws {UsageError} when the resume points asked for lie outside the run */
export function withAskedPlan(
  loaded: LoadedScenario,
  { steps, resumeAt, resumeOn }: PlanRequest,
  softwareGpu: boolean,
): LoadedScenario {
  if (resumeOn !== undefined && loaded.scenario.command !== undefined)
    throw new UsageError(`scenario ${loaded.name}: --resume-on does not apply to a command`);
  const own = planOf(loaded, softwareGpu);
  const plan = checkPlan(
    { steps: steps ?? own.steps, resumeAt: resumeAt ?? own.resumeAt },
    `scenario ${loaded.name} with --steps or --resume-at`,
    loaded.scenario,
  );
  return { ...loaded, plan: onBackends(plan, resumeOn ?? resumeBackends(loaded.scenario)) };
}

/** Random plans: where each save falls, how many steps follow, and how often the run is resumed. */
import fc from 'fast-check';
import type { Plan } from '../trace/schema.ts';

export interface PlanBounds {
  /** Most steps of the whole run. */
  readonly maxSteps: number;
  readonly maxResumes: number;
}

/**
 * Draws the lengths of a run's segments. Shrinking removes resumes and shortens segments,
 * down to one step, a resume and one step.
 * @throws {RangeError} when the bounds leave no room for that
 */
export function plans({ maxSteps, maxResumes }: PlanBounds): fc.Arbitrary<Plan> {
  if (maxSteps < 2 || maxResumes < 1) {
    throw new RangeError(`expected at least 2 steps and 1 resume, received ${maxSteps} and ${maxResumes}`);
  }
  const segments = Math.min(maxResumes + 1, maxSteps);
  return fc
    .integer({ min: 2, max: segments })
    .chain((count) =>
      fc.array(fc.integer({ min: 1, max: Math.floor(maxSteps / count) }), {
        minLength: count,
        maxLength: count,
      }),
    )
    .map(toPlan);
}

/** `[3, 2, 4]` becomes 9 steps, resumed after 3 and 5. */
function toPlan(lengths: readonly number[]): Plan {
  let step = 0;
  const ends = lengths.map((length) => {
    step += length;
    return step;
  });
  return { steps: step, resumeAt: ends.slice(0, -1) };
}

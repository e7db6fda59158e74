/** Looks for a plan at which a scenario's resume goes wrong, and for the smallest such plan. */
import fc from 'fast-check';
import type { Verdict } from '../judge/verdict.ts';
import type { Plan } from '../trace/schema.ts';
import { type PlanBounds, plans } from './plans.ts';

export interface FuzzOptions extends PlanBounds {
  readonly runs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Runs and judges the scenario with this plan. */
  readonly prove: (plan: Plan) => Promise<Verdict>;
  readonly onCase?: (fuzzed: FuzzCase, shrinking: boolean) => void;
}

export interface FuzzCase {
  readonly plan: Plan;
  readonly verdict: Verdict;
}

export interface FuzzResult {
  readonly seed: number;
  /** Every plan that was run, in order, those of the shrinking included; each once. */
  readonly cases: readonly FuzzCase[];
  /** The smallest plan found at which the resume is refuted. */
  readonly smallest: FuzzCase | undefined;
}

/** Refuted by the resume itself: where the evidence is amiss too, as in a run too short to train, nothing is told. */
export const goesWrong = ({ outcome, findings }: Verdict): boolean =>
  outcome === 'refuted' && findings[0]!.refutes;

/** A healthy scenario has no failing plan, and at least one that is proven. A known fault must show itself. */
export function isAsExpected(
  expect: 'proven' | readonly string[] | undefined,
  { smallest, cases }: FuzzResult,
): boolean {
  if (expect !== undefined && expect !== 'proven') {
    return smallest?.verdict.findings[0]?.rule === expect[0];
  }
  return smallest === undefined && cases.some(({ verdict }) => verdict.outcome === 'proven');
}

class Refuted extends Error {}

/**
 * Draws `runs` plans; an inconclusive one proves nothing either way and does not stop the search.
 * @returns what ran until the signal was given, if it was
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { runs, seed, signal, prove, onCase } = options;
  const known = new Map<string, FuzzCase>();
  let smallest: FuzzCase | undefined;
  const property = fc.asyncProperty(plans(options), async (plan) => {
    const key = JSON.stringify(plan);
    let fuzzed = known.get(key);
    if (fuzzed === undefined) {
      // Shrinking asks on: each answer is then free.
      if (signal.aborted) return;
      fuzzed = { plan, verdict: await prove(plan) };
      if (signal.aborted) return;
      known.set(key, fuzzed);
      onCase?.(fuzzed, smallest !== undefined);
    }
    if (!goesWrong(fuzzed.verdict)) return;
    // fast-check goes on from the last failure only, so the last one is the smallest.
    smallest = fuzzed;
    throw new Refuted(fuzzed.verdict.headline);
  });
  const details = await fc.check(property, { numRuns: runs, seed });
  const unforeseen = details.errorInstance;
  if (unforeseen !== undefined && unforeseen !== null && !(unforeseen instanceof Refuted)) throw unforeseen;
  return { seed, cases: [...known.values()], smallest };
}

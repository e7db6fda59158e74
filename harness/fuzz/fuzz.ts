/** Looks for a plan whose resume fails, and for the smallest such plan. */
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
  /** Every plan that was run, in order and once each, including those of the shrinking. */
  readonly cases: readonly FuzzCase[];
  /** The smallest plan found whose resume is refuted. */
  readonly smallest: FuzzCase | undefined;
}

/** Refuted by the resume itself. Incomplete evidence, as in a run too short to train, does not count. */
export const goesWrong = ({ outcome, findings }: Verdict): boolean =>
  outcome === 'refuted' && findings[0]!.refutes;

/** A healthy scenario has a proven plan and no failing one; a known fault fails by its own rule. */
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
 * @returns after an abort, what ran until then
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { runs, seed, signal, prove, onCase } = options;
  const known = new Map<string, FuzzCase>();
  let smallest: FuzzCase | undefined;
  const property = fc.asyncProperty(plans(options), async (plan) => {
    const key = JSON.stringify(plan);
    let fuzzed = known.get(key);
    if (fuzzed === undefined) {
      // Shrinking goes on after an abort; these answers cost nothing.
      if (signal.aborted) return;
      fuzzed = { plan, verdict: await prove(plan) };
      if (signal.aborted) return;
      known.set(key, fuzzed);
      onCase?.(fuzzed, smallest !== undefined);
    }
    if (!goesWrong(fuzzed.verdict)) return;
    // fast-check shrinks from the last failure only, so the last one is the smallest.
    smallest = fuzzed;
    throw new Refuted(fuzzed.verdict.headline);
  });
  const details = await fc.check(property, { numRuns: runs, seed });
  const unforeseen = details.errorInstance;
  if (unforeseen !== undefined && unforeseen !== null && !(unforeseen instanceof Refuted)) throw unforeseen;
  return { seed, cases: [...known.values()], smallest };
}

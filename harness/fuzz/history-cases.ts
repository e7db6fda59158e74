/** The cases of a search as they go to a worker, and what comes back. Both are data of strangers. */
import { z } from 'zod';
import { isConsistent } from '../judge/judge.ts';
import { type Verdict, verdictSchema } from '../judge/verdict.ts';
import { checkedBy } from '../queue/run.ts';
import { askedHistorySchema } from '../run/check-history.ts';
import type { FirstProved } from './prover.ts';

export const historyCaseSchema = z.strictObject({
  kind: z.enum(['first', 'history']),
  history: askedHistorySchema,
});

const steps = z.array(z.int().positive()).max(1_000_000);
const firstSchema = z.strictObject({
  verdict: z.unknown(),
  edges: steps,
  savable: steps.nullable(),
  killable: steps.nullable(),
});

/** @throws {Error} with a phrase, when it is none of this scenario, or contradicts itself */
export function checkedVerdict(value: unknown, scenario: string): Verdict {
  const verdict = checkedBy(verdictSchema, value);
  if (verdict.scenario !== scenario) throw new Error('it is of another scenario');
  if (!isConsistent(verdict) || (verdict.outcome === 'refuted' && verdict.findings.length === 0))
    throw new Error('the verdict contradicts its findings');
  return verdict;
}

/** @throws {Error} with a phrase */
export function checkedFirst(value: unknown, scenario: string): FirstProved {
  const first = checkedBy(firstSchema, value);
  return { ...first, verdict: checkedVerdict(first.verdict, scenario) };
}

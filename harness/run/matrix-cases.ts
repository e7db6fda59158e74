/** The cases of a kill matrix as they go to a worker, and what comes back. Both are data of strangers. */
import { z } from 'zod';
import { type Cell, cellSchema, matrixSchema } from '../judge/matrix/matrix.ts';
import { verdictSchema } from '../judge/verdict.ts';
import { checkedBy } from '../queue/run.ts';
import type { LoadedFault } from './faults.ts';
import type { HealthyFacts } from './healthy-facts.ts';
import { appliesSchema } from './job.ts';

const name = z.string().max(255);

export const matrixCaseSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('healthy'), scenario: name }),
  z.strictObject({ kind: z.literal('cell'), scenario: name, fault: name }),
]);

export type MatrixCase = z.output<typeof matrixCaseSchema>;

const factsSchema = z.strictObject({
  scenario: matrixSchema.shape.scenarios.element,
  device: verdictSchema.shape.backend,
  isMeasured: z.boolean(),
  answers: z.record(name, appliesSchema),
});

/** @throws {Error} with a phrase, when they are none of this scenario, or contradict themselves */
export function checkedFacts(value: unknown, scenario: string, faults: readonly LoadedFault[]): HealthyFacts {
  const facts = checkedBy(factsSchema, value);
  const { outcome, falseAlarm, kept } = facts.scenario;
  requireOf(facts.scenario.scenario, scenario);
  const ids = new Set(faults.map(({ id }) => id));
  const strange = Object.keys(facts.answers).find((id) => !ids.has(id));
  if (strange !== undefined) throw new Error('it answers for a fault that was not asked for');
  const alarm = outcome !== 'proven' && outcome !== 'skipped';
  if (falseAlarm !== alarm || (facts.isMeasured && outcome !== 'proven') || kept !== null)
    throw new Error('it contradicts itself');
  return facts;
}

/** @throws {Error} with a phrase, when it is none of this scenario, was not run, or contradicts itself */
export function checkedCell(value: unknown, scenario: string): Cell {
  const cell = checkedBy(cellSchema, value);
  requireOf(cell.scenario, scenario);
  if (cell.outcome === 'not-run' || cell.outcome === 'not-applicable')
    throw new Error(`it is ${cell.outcome}`);
  if ((cell.headlineRight && cell.outcome !== 'caught') || cell.kept !== null)
    throw new Error('it contradicts itself');
  return cell;
}

function requireOf(named: string, scenario: string): void {
  if (named !== scenario) throw new Error('it is of another scenario');
}

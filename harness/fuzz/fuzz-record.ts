/** What a shard of a search leaves beside `shard.json`. */
import { z } from 'zod';
import { isConsistent } from '../judge/judge.ts';
import { verdictSchema } from '../judge/verdict.ts';
import { writeWhole } from '../report/files.ts';
import { askedHistorySchema, checkHistory } from '../run/check-history.ts';
import { requireOwnFile } from '../run/merge-files.ts';
import { isPlanned } from '../run/replay.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import { type FoundShard, readResult, refusing } from '../run/shard-file.ts';
import type { History } from '../trace/history.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import type { Fuzzed } from './fuzz.ts';
import type { Outcome, Tried } from './search.ts';

const FILE = 'fuzz.json';
const MOST_CASES = 100_000;

const count = z.int().nonnegative();
const outcomeSchema = verdictSchema
  .pick({ outcome: true, cause: true, headline: true, findings: true, caveats: true })
  .refine(
    ({ outcome, findings }) => outcome !== 'refuted' || findings.length > 0,
    'it is refuted without a finding',
  );
const triedSchema = z.strictObject({
  number: z.int().positive().optional(),
  history: askedHistorySchema,
  verdict: outcomeSchema,
});

const recordSchema = z.strictObject({
  format: z.literal(1),
  scenario: z.string().regex(/^\w[\w.-]{0,254}$/),
  expect: verdictSchema.shape.expect.optional(),
  seed: z.int(),
  seconds: z.number().nonnegative(),
  drawn: count,
  exhausted: z.boolean(),
  shrinking: count,
  /** How many histories that have failed before were tried. */
  regressions: count,
  cases: z.array(triedSchema).max(MOST_CASES),
  failures: z
    .array(
      z.strictObject({
        rule: z.string(),
        cause: z.string().nullable(),
        minimal: z.boolean(),
        smallest: triedSchema,
        again: verdictSchema,
        /** The command that runs it again; a history that is no plan comes from a file, which it does not name. */
        replay: z.string(),
      }),
    )
    .max(MOST_CASES),
});

type Written = z.input<typeof recordSchema>;

/** The search of a shard, as it was read. */
export interface FuzzShard extends Omit<z.output<typeof recordSchema>, 'format' | 'cases' | 'failures'> {
  readonly shard: FoundShard;
  readonly cases: readonly Tried[];
  readonly failures: readonly FoundFailure[];
}

export interface FoundFailure extends Omit<z.output<typeof recordSchema>['failures'][number], 'smallest'> {
  readonly smallest: Tried;
}

/** @param replay the command that runs the scenario again by a history, without the file of one that is no plan */
export async function writeFuzzRecord(
  folder: string,
  fuzzed: Fuzzed,
  expect: LoadedScenario['scenario']['expect'],
  replay: (history: History) => string,
): Promise<void> {
  const { scenario, seed, seconds, drawn, exhausted, shrinking, regressions, cases, failures } = fuzzed;
  const record: Written = {
    format: 1,
    scenario,
    ...(expect === undefined ? {} : { expect: expect === 'proven' ? expect : [...expect] }),
    seed,
    seconds,
    drawn,
    exhausted,
    shrinking,
    regressions: regressions.tried,
    cases: cases.map(short),
    failures: failures.map(({ rule, cause, minimal, smallest, again }) => ({
      rule,
      cause,
      minimal,
      smallest: short(smallest),
      again,
      replay: isPlanned(smallest.history) ? again.replay : replay(smallest.history),
    })),
  };
  await writeWhole(folder, FILE, `${JSON.stringify(record, null, 1)}\n`);
}

/** By the first finding, histories are counted and compared. */
function short({ history, verdict, number }: Tried): z.input<typeof triedSchema> {
  const { outcome, cause, headline, findings, caveats } = verdict;
  return {
    ...(number === undefined ? {} : { number }),
    history: history as unknown as z.input<typeof askedHistorySchema>,
    verdict: { outcome, cause, headline, findings: findings.slice(0, 1), caveats },
  };
}

/**
 * Reads what a shard has left.
 * @throws {UsageError} when it is missing or something else, or a trace that the report shows is missing
 */
export async function readFuzzRecord(shard: FoundShard): Promise<FuzzShard> {
  const { format: _, ...record } = await readResult(shard, FILE, recordSchema);
  const refuse = refusing(shard.folder, FILE);
  const history = (asked: unknown): History => checkHistory(asked as ScenarioHistory, 'a history');
  const tried = ({ number, history: asked, verdict }: z.output<typeof triedSchema>): Tried => ({
    history: history(asked),
    verdict: verdict as Outcome,
    ...(number === undefined ? {} : { number }),
  });
  for (const { again } of record.failures) {
    if (!isConsistent(again)) throw refuse(`the verdict on ${again.scenario} contradicts its findings`);
    for (const { trace } of again.runs) await requireOwnFile(shard, FILE, again.scenario, trace);
  }
  try {
    return {
      ...record,
      shard,
      cases: record.cases.map(tried),
      failures: record.failures.map((failure) => ({ ...failure, smallest: tried(failure.smallest) })),
    };
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

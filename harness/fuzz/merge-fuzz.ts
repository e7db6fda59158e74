/** Makes one search of the searches of all shards. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Verdict } from '../judge/verdict.ts';
import { openReport } from '../report/write.ts';
import { gateOf } from '../run/gate-of.ts';
import { copyCase, tracesOf } from '../run/merge-files.ts';
import { currentOrigin } from '../run/origin.ts';
import { readRegressions, regressionsFile } from '../run/regressions.ts';
import { isPlanned, withHistoryFile } from '../run/replay.ts';
import { refusing } from '../run/shard-file.ts';
import { addRegressions, type Fuzzed, isAsExpected, type Reported } from './fuzz.ts';
import type { FoundFailure, FuzzShard } from './fuzz-record.ts';
import { type Failure, failureOf, goesWrong, groups, type Tried } from './search.ts';
import { isSmaller } from './smaller.ts';

/**
 * Checks that all shards have drawn the same histories and each has tried its own.
 * @throws {UsageError} when they do not fit together
 */
export function requireWholeSearch(shards: readonly FuzzShard[]): void {
  const [first] = shards as [FuzzShard];
  const facts = ({ scenario, expect, seed, drawn, exhausted }: FuzzShard): unknown => ({
    scenario,
    expect,
    seed,
    drawn,
    exhausted,
  });
  for (const own of shards) {
    const { folder, record } = own.shard;
    const refuse = refusing(folder, 'fuzz.json');
    if (!isDeepStrictEqual(facts(own), facts(first)))
      throw refuse(`its search is not that of ${first.shard.folder}`);
    const numbers = own.cases.flatMap(({ number }) => number ?? []);
    const wanted = record.own.map(Number).filter((number) => number <= own.drawn);
    if (!isDeepStrictEqual(numbers, wanted)) throw refuse('its histories are not those of this shard');
    const ways = (all: readonly Tried[]): string[] =>
      [...new Set(all.map(({ verdict }) => failureOf(verdict)))].sort();
    const failing = own.cases.filter(({ verdict }) => goesWrong(verdict));
    if (!isDeepStrictEqual(ways(own.failures.map(({ smallest }) => smallest)), ways(failing)))
      throw refuse('it does not name a smallest history of each failure');
    // The scenario's own history, and those that have failed before, are tried by the first shard.
    const given = own.cases.length - numbers.length;
    if (given !== (record.shard.index === 1 ? own.regressions + 1 : 0))
      throw refuse(`${given} of its histories were not drawn, which are not those that it was to try`);
  }
}

/**
 * Writes the report that the search would have written without shards: its failures are the same, and the smallest
 * history of each is the smallest that a shard has found.
 * @param folder of the report, which exists and is empty
 * @param regressions the folder of the histories that have failed
 */
export async function mergeFuzz(
  shards: readonly FuzzShard[],
  folder: string,
  regressions: string,
): Promise<Fuzzed> {
  const [{ scenario, expect, seed, drawn, exhausted }] = shards as [FuzzShard];
  const cases = shards
    .flatMap((own) => own.cases)
    .toSorted((one, other) => (one.number ?? 0) - (other.number ?? 0));
  const chosen = groups(cases.filter(({ verdict }) => goesWrong(verdict))).map((own) =>
    smallestOf(own, shards),
  );
  const { failures, report } = await reported(scenario, chosen, shards, folder);
  const file = regressionsFile(regressions, scenario);
  const before = await readRegressions(file, scenario, {});
  return {
    scenario,
    seed,
    drawn,
    exhausted,
    cases,
    failures,
    report,
    seconds: sum(shards.map(({ seconds }) => seconds)),
    shrinking: sum(shards.map(({ shrinking }) => shrinking)),
    asExpected: isAsExpected(expect, { failures, cases }),
    regressions: {
      file,
      tried: sum(shards.map((own) => own.regressions)),
      added: await addRegressions(file, scenario, expect, before, failures),
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

interface Chosen extends Failure {
  readonly from: FuzzShard;
  readonly found: FoundFailure;
}

/** The smallest history that a shard has found of those that fail in one way. Every shard in which one fails has one. */
function smallestOf(failing: readonly Tried[], shards: readonly FuzzShard[]): Chosen {
  const failure = failureOf(failing[0]!.verdict);
  const all = shards.flatMap((from) =>
    from.failures
      .filter(({ smallest }) => failureOf(smallest.verdict) === failure)
      .map((found) => ({ from, found })),
  );
  const { from, found } = all.reduce((one, other) =>
    isSmaller(other.found.smallest.history, one.found.smallest.history) ? other : one,
  );
  const { rule, cause, minimal, smallest } = found;
  return { rule, cause, minimal, smallest, count: failing.length, from, found };
}

/** Copies what the shards have kept of the smallest histories, under the names that one search gives them. */
async function reported(
  scenario: string,
  chosen: readonly Chosen[],
  shards: readonly FuzzShard[],
  folder: string,
): Promise<Pick<Fuzzed, 'failures' | 'report'>> {
  if (chosen.length === 0) return { failures: [], report: null };
  const failures: Reported[] = [];
  const report = openReport(folder);
  for (const [at, { from, found, ...failure }] of chosen.entries()) {
    const name = chosen.length === 1 ? scenario : `${scenario}-${at + 1}`;
    const { history } = failure.smallest;
    await copyCase(from.shard, found.again.scenario, folder, name);
    let { replay } = found;
    if (!isPlanned(history)) {
      const file = path.join(folder, `${name}.json`);
      await writeFile(file, `${JSON.stringify(history, null, 2)}\n`);
      replay = withHistoryFile(replay, file);
    }
    const again = renamed({ ...found.again, replay }, name);
    await report.add(again, await tracesOf(again, folder));
    failures.push({ ...failure, again });
  }
  const verdicts = failures.map(({ again }) => again);
  const run = {
    startedAt: new Date().toISOString(),
    seconds: sum(verdicts.map(({ seconds }) => seconds)),
    origin: currentOrigin(),
    backend: shards[0]!.shard.record.options['--backend'] ?? 'auto',
    verdicts,
  };
  const { html } = await report.write(gateOf(run, verdicts.length));
  return { failures, report: html };
}

const renamed = (verdict: Verdict, name: string): Verdict => ({
  ...verdict,
  scenario: name,
  runs: verdict.runs.map((run) => ({ ...run, trace: [name, ...run.trace.split('/').slice(1)].join('/') })),
});

/** Fuzzes one scenario: what failed before first, then random histories, and a report of the smallest that fail. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { unlessAborted } from '../run/failing.ts';
import { type GateOptions, runGate } from '../run/gate.ts';
import { type Regression, readRegressions, regressionsFile, writeRegressions } from '../run/regressions.ts';
import { isPlanned } from '../run/replay.ts';
import { type LoadedScenario, onBackends, resumeBackends } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { inner } from '../trace/history.ts';
import { type FirstProved, prover } from './prover.ts';
import { type Failure, type SearchOptions, type SearchResult, search } from './search.ts';
import type { Space } from './space.ts';

export interface FuzzOptions
  extends Pick<GateOptions, 'backend' | 'requireGpu' | 'images' | 'jobs'>,
    Pick<SearchOptions, 'runs' | 'seed' | 'onCase'> {
  /** Milliseconds after which no history is drawn any more; no limit by default. */
  readonly time?: number | undefined;
  readonly maxResumes: number;
  /** Backends to resume on, besides that of the run. */
  readonly resumeOn?: readonly string[] | undefined;
  /** The folder of the regressions. */
  readonly regressions: string;
  /** An empty folder for the report. */
  readonly folder: string;
  /** What this machine tries, if others try the rest. Whoever joins the results then writes the regressions. */
  readonly share?: Share;
  /** Ends the search. What was found is still reported. */
  readonly signal: AbortSignal;
  /** The command that runs a scenario again by its history, from a file if one is named. */
  readonly replay: (scenario: LoadedScenario, historyFile?: string) => string;
}

export interface Share {
  /** Whether a drawn history is tried here, by its number. */
  readonly isOwn: (number: number) => boolean;
  /** Whether the scenario's own history and its regressions are. */
  readonly first: boolean;
}

/** A failure, run once more by itself for the report. */
export interface Reported extends Failure {
  /** The verdict on that run. */
  readonly again: Verdict;
}

export interface Fuzzed extends Omit<SearchResult, 'failures'> {
  readonly scenario: string;
  readonly seconds: number;
  readonly asExpected: boolean;
  readonly failures: readonly Reported[];
  readonly regressions: { readonly file: string; readonly tried: number; readonly added: number };
  /** The page; null if nothing failed. */
  readonly report: string | null;
}

/**
 * Tries the scenario's own history, its regressions and what is drawn. The folder stays empty if nothing fails.
 * @param proverFor runs the histories; in processes of this machine by default
 * @throws {UsageError} when the regressions cannot be read, or the scenario is skipped on this backend
 */
export async function fuzzScenario(
  loaded: LoadedScenario,
  options: FuzzOptions,
  proverFor: typeof prover = prover,
): Promise<Fuzzed> {
  const start = performance.now();
  const { name, scenario } = loaded;
  const file = regressionsFile(options.regressions, name);
  const regressions = await readRegressions(file, name, scenario);
  const result = await searched(loaded, regressions, options, proverFor);
  const { failures, report } = await reported(result, loaded, options);
  const added =
    options.share === undefined
      ? await addRegressions(file, name, scenario.expect, regressions, failures)
      : 0;
  return {
    ...result,
    scenario: name,
    seconds: (performance.now() - start) / 1000,
    asExpected: isAsExpected(scenario.expect, result),
    failures,
    regressions: { file, tried: options.share?.first === false ? 0 : regressions.length, added },
    report,
  };
}

async function searched(
  loaded: LoadedScenario,
  regressions: readonly Regression[],
  options: FuzzOptions,
  proverFor: typeof prover,
): Promise<SearchResult> {
  const { signal, time, runs, seed, onCase, share } = options;
  const elsewhere = share?.first === false;
  const { atATime, first, prove, remove } = proverFor(loaded, {
    ...options,
    folder: path.join(options.folder, 'histories'),
    replay: (own) => options.replay(own),
  });
  try {
    const own = await unlessAborted(signal, first(loaded.history));
    if (own?.verdict.outcome === 'skipped')
      throw new UsageError(`scenario ${loaded.name}: ${own.verdict.headline}`);
    const failedBefore = regressions.map(({ history }) => history);
    return await search({
      space: spaceOf(loaded, own, options),
      given: own === undefined || elsewhere ? [] : [{ history: loaded.history, verdict: own.verdict }],
      first: elsewhere ? [] : failedBefore,
      elsewhere: elsewhere ? [loaded.history, ...failedBefore] : [],
      runs,
      seed,
      ...(share === undefined ? {} : { isOwn: share.isOwn }),
      ...(time === undefined ? {} : { timeUp: AbortSignal.timeout(time) }),
      signal,
      atATime,
      prove,
      ...(onCase === undefined ? {} : { onCase }),
    });
  } finally {
    await remove();
  }
}

function spaceOf(
  { history, scenario }: LoadedScenario,
  own: FirstProved | undefined,
  { maxResumes, resumeOn }: FuzzOptions,
): Space {
  const { steps } = history;
  const within = (asked: readonly number[] | null | undefined): number[] =>
    (asked ?? inner(steps)).filter((step) => step >= 1 && step < steps);
  return {
    steps,
    savable: within(own?.savable),
    killable: within(own?.killable),
    edges: own?.edges ?? [],
    maxResumes,
    backends: resumeOn ?? [],
    changes: scenario.mayChange ?? [],
    scenario,
  };
}

/** Runs the smallest histories once more, each by itself, for a report that nothing else is in. */
async function reported(
  { failures }: SearchResult,
  loaded: LoadedScenario,
  options: FuzzOptions,
): Promise<Pick<Fuzzed, 'failures' | 'report'>> {
  const { folder } = options;
  if (failures.length === 0) return { failures: [], report: null };
  const backends = resumeBackends(loaded.scenario);
  const files = new Map<string, string>();
  const scenarios = failures.map(({ smallest: { history } }, at) => {
    const name = failures.length === 1 ? loaded.name : `${loaded.name}-${at + 1}`;
    if (!isPlanned(history)) files.set(name, path.join(folder, `${name}.json`));
    return { ...loaded, name, history: onBackends(history, backends) };
  });
  for (const { name, history } of scenarios) {
    const file = files.get(name);
    if (file !== undefined) await writeFile(file, `${JSON.stringify(history, null, 2)}\n`);
  }
  const { gate, report } = await runGate(scenarios, {
    ...options,
    fast: false,
    signal: new AbortController().signal,
    replay: (own) => options.replay({ ...own, name: loaded.name }, files.get(own.name)),
  });
  return {
    failures: failures.map((failure, at) => ({ ...failure, again: gate.verdicts[at]! })),
    report: report.html,
  };
}

/**
 * Writes what failed, unless it is expected to, beside the regressions that there were.
 * @returns how many are new
 */
export async function addRegressions(
  file: string,
  scenario: string,
  expect: Expectation,
  before: readonly Regression[],
  failures: readonly Failure[],
): Promise<number> {
  if (expect !== undefined && expect !== 'proven') return 0;
  const known = new Set(before.map(({ history }) => JSON.stringify(history)));
  const found = failures
    .map(({ rule, smallest: { history, verdict } }) => ({ found: `${rule}: ${verdict.headline}`, history }))
    .filter(({ history }) => !known.has(JSON.stringify(history)));
  if (found.length > 0) await writeRegressions(file, scenario, [...before, ...found]);
  return found.length;
}

type Expectation = 'proven' | readonly string[] | undefined;

/** A healthy scenario has a proven history and no failing one; a known fault fails by its own rule. */
export function isAsExpected(
  expect: Expectation,
  { failures, cases }: Pick<SearchResult, 'failures' | 'cases'>,
): boolean {
  if (expect !== undefined && expect !== 'proven') return failures.some(({ rule }) => rule === expect[0]);
  return failures.length === 0 && cases.some(({ verdict }) => verdict.outcome === 'proven');
}

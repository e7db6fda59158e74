/** Fuzzes one scenario: what failed before first, then random histories, and a report of the smallest that fail. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Verdict } from '../judge/verdict.ts';
import { unlessAborted } from '../run/failing.ts';
import { type GateOptions, runGate } from '../run/gate.ts';
import { type Regression, readRegressions, regressionsFile, writeRegressions } from '../run/regressions.ts';
import { type LoadedScenario, onBackends, resumeBackends } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { inner, isChain } from '../trace/history.ts';
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
  /** Ends the search. What was found is still reported. */
  readonly signal: AbortSignal;
  /** The command that runs a scenario again by its history, from a file if one is named. */
  readonly replay: (scenario: LoadedScenario, historyFile?: string) => string;
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
 * Tries the scenario's own history, its regressions and what is drawn. The folder is removed if nothing fails.
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
  const added = scenario.expect === undefined || scenario.expect === 'proven' ? failures : [];
  const all = together(regressions, added);
  if (all.length > regressions.length) await writeRegressions(file, name, all);
  return {
    ...result,
    scenario: name,
    seconds: (performance.now() - start) / 1000,
    asExpected: isAsExpected(scenario.expect, result),
    failures,
    regressions: { file, tried: regressions.length, added: all.length - regressions.length },
    report,
  };
}

async function searched(
  loaded: LoadedScenario,
  regressions: readonly Regression[],
  options: FuzzOptions,
  proverFor: typeof prover,
): Promise<SearchResult> {
  const { signal, time, runs, seed, onCase } = options;
  const { atATime, first, prove, remove } = proverFor(loaded, {
    ...options,
    folder: path.join(options.folder, 'histories'),
    replay: (own) => options.replay(own),
  });
  try {
    const own = await unlessAborted(signal, first(loaded.history));
    if (own?.verdict.outcome === 'skipped')
      throw new UsageError(`scenario ${loaded.name}: ${own.verdict.headline}`);
    return await search({
      space: spaceOf(loaded, own, options),
      given: own === undefined ? [] : [{ history: loaded.history, verdict: own.verdict }],
      first: regressions.map(({ history }) => history),
      runs,
      seed,
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
  return {
    steps,
    savable: (own?.savable ?? inner(steps)).filter((step) => step >= 1 && step < steps),
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
  if (failures.length === 0) {
    await rm(folder, { recursive: true, force: true });
    return { failures: [], report: null };
  }
  const backends = resumeBackends(loaded.scenario);
  const files = new Map<string, string>();
  const scenarios = failures.map(({ smallest: { history } }, at) => {
    const name = failures.length === 1 ? loaded.name : `${loaded.name}-${at + 1}`;
    if (!isChain(history)) files.set(name, path.join(folder, `${name}.json`));
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

/** The regressions that there were, and what failed that is none of them. */
function together(before: readonly Regression[], failures: readonly Failure[]): Regression[] {
  const known = new Set(before.map(({ history }) => JSON.stringify(history)));
  const found = failures.map(({ rule, smallest: { history, verdict } }) => ({
    found: `${rule}: ${verdict.headline}`,
    history,
  }));
  return [...before, ...found.filter(({ history }) => !known.has(JSON.stringify(history)))];
}

/** A healthy scenario has a proven history and no failing one; a known fault fails by its own rule. */
function isAsExpected(
  expect: LoadedScenario['scenario']['expect'],
  { failures, cases }: Pick<SearchResult, 'failures' | 'cases'>,
): boolean {
  if (expect !== undefined && expect !== 'proven') return failures.some(({ rule }) => rule === expect[0]);
  return failures.length === 0 && cases.some(({ verdict }) => verdict.outcome === 'proven');
}

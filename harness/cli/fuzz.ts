/** `resumeproof fuzz`: searches for histories of saves and resumes that fail. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { bordersIn } from '../fuzz/borders.ts';
import type { SearchResult } from '../fuzz/search.ts';
import { inner, type Space } from '../fuzz/space.ts';
import { tame } from '../report/text.ts';
import { ownHistory } from '../run/asked-plan.ts';
import { inspectScenarios } from '../run/inspect.ts';
import type { Proved } from '../run/prove-histories.ts';
import { type Regression, readRegressions, regressionsFile, writeRegressions } from '../run/regressions.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { type LoadedScenario, onBackends, resumeBackends, selectScenarios } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { describeHistory, historyOf, isChain } from '../trace/history.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { type FuzzReport, fuzzJson, fuzzSummary, type Reported } from './fuzz-summary.ts';
import { absolute, backends, integer, positive, type TrainingOptions, trainingOptions } from './options.ts';
import { print, printJson } from './print.ts';

interface Options extends TrainingOptions {
  readonly runs?: number;
  readonly time?: number;
  readonly seed?: number;
  readonly maxSteps?: number;
  readonly maxResumes: number;
  readonly resumeOn?: string[];
  readonly regressions: string;
}

const RUNS = 100;
const BEAT_MS = 10_000;

export function fuzzCommand(): Command {
  const command = new Command('fuzz')
    .description(
      'Runs a scenario by random histories of saves, kills and resumes, and shrinks each failure to a history of which nothing can be left out.',
    )
    .argument('<scenario>', 'name or file path')
    .option(
      '--runs <n>',
      `histories to try; ${RUNS} by default, without a limit if --time is given`,
      positive,
    )
    .option('--time <duration>', 'how long to look, such as 90s, 5m or 1h; shrinking comes on top', duration)
    .option('--seed <n>', 'seed of the histories; a new one each time by default', integer)
    .option('--max-steps <n>', 'steps of a run; those of the scenario’s plan by default', positive)
    .option('--max-resumes <n>', 'most resumes in a history', positive, 3)
    .addOption(
      new Option('--resume-on <names>', 'also resume on these backends, separated by commas').argParser(
        backends,
      ),
    )
    .addOption(
      new Option('--regressions <dir>', 'folder of the histories that have failed, which are tried first')
        .default(absolute('resumeproof-regressions'), 'resumeproof-regressions')
        .argParser(absolute),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  resumeproof fuzz accumulation --runs 200 --backend wasm\n  resumeproof fuzz accumulation --time 5m',
    )
    .action(async (wanted: string, options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of trainingOptions()) command.addOption(option);
  return command;
}

const SECONDS = { s: 1, m: 60, h: 3600 };

/** In milliseconds. */
function duration(value: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(value) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new InvalidArgumentError('expected a duration, such as 90s, 5m or 1h.');
  return Number(count) * SECONDS[unit as keyof typeof SECONDS] * 1000;
}

async function run(wanted: string, options: Options): Promise<number> {
  const start = performance.now();
  const loaded = await scenarioOf(wanted, options);
  const { name, scenario } = loaded;
  const file = regressionsFile(options.regressions, name);
  const regressions = await readRegressions(file, name, scenario);
  const signal = onInterrupt();
  // Imported only here, because they load slowly.
  const { historyProver } = await import('../run/prove-histories.ts');
  const { search, goesWrong } = await import('../fuzz/search.ts');
  const folder = await makeReportFolder(options.reports, `fuzz-${name}-${options.backend}`);
  const prover = historyProver(loaded, {
    ...options,
    images: options.images,
    folder: path.join(folder, 'histories'),
    signal,
    replay: (own) => replayScenario(own, { ...options, fast: false }),
  });
  let result: SearchResult;
  let beat: NodeJS.Timeout | undefined;
  try {
    const own = await prover.prove(loaded.history);
    const { verdict } = own;
    if (!signal.aborted && verdict.outcome === 'skipped')
      throw new UsageError(`scenario ${name}: ${verdict.headline}`);
    let [tried, failing] = [1, 0];
    const told = new Set<string>();
    beat = setInterval(() => say(`${tried} histories tried, ${failing} failing …`), BEAT_MS);
    result = await search({
      space: spaceOf(loaded, own, options),
      given: [{ history: loaded.history, verdict }],
      first: regressions.map(({ history }) => history),
      runs: options.runs ?? (options.time === undefined ? RUNS : Number.POSITIVE_INFINITY),
      seed: options.seed ?? Date.now() % 2 ** 31,
      ...(options.time === undefined ? {} : { timeUp: AbortSignal.timeout(options.time) }),
      signal,
      // While one is judged, another has a process to run.
      atATime: options.jobs + 1,
      async prove(history) {
        return (await prover.prove(history)).verdict;
      },
      onCase({ history, verdict }, why) {
        tried += 1;
        if (!goesWrong(verdict) || why === 'shrinking') return;
        failing += 1;
        const failure = `${verdict.findings[0]!.rule} ${verdict.cause}`;
        if (told.has(failure)) return;
        told.add(failure);
        say(`${describeHistory(history)}: ${tame(verdict.headline)}`);
      },
    });
  } finally {
    clearInterval(beat);
    await prover.remove();
  }
  const known = new Set(regressions.map(({ history }) => JSON.stringify(history)));
  const { failures, report } = await reportOf(result, loaded, folder, options);
  const asExpected = isAsExpected(scenario.expect, result);
  const added: Regression[] =
    scenario.expect !== undefined && scenario.expect !== 'proven'
      ? []
      : failures
          .map(({ rule, smallest: { history, verdict } }) => ({
            found: `${rule}: ${verdict.headline}`,
            history,
          }))
          .filter(({ history }) => !known.has(JSON.stringify(history)));
  if (added.length > 0) await writeRegressions(file, name, [...regressions, ...added]);
  const fuzzed: FuzzReport = {
    ...result,
    scenario: name,
    seconds: (performance.now() - start) / 1000,
    asExpected,
    failures,
    regressions: { file, tried: regressions.length, added: added.length },
    report,
  };
  if (options.json) printJson(fuzzJson(fuzzed));
  else print(fuzzSummary(tame(fuzzed)));
  if (signal.aborted) return EXIT.interrupted;
  return asExpected ? EXIT.passed : EXIT.failed;
}

/** The scenario with the history that is tried first: its own, or one of the asked length. */
async function scenarioOf(wanted: string, options: Options): Promise<LoadedScenario> {
  requireImages(options.images);
  const selected = [...(await selectScenarios(options.scenarios, [wanted]))];
  const [[name, file]] = selected as [[string, string]];
  if (selected.length > 1)
    throw new UsageError(`'${wanted}' matches ${selected.length} scenarios; fuzz takes one at a time`);
  const [loaded] = (await inspectScenarios(new Map([[name, file]]))) as [LoadedScenario];
  const { scenario } = loaded;
  const { maxSteps } = options;
  if (maxSteps === 1)
    throw new UsageError('--max-steps must be at least 2: one step before a resume, one after');
  if (scenario.command !== undefined && maxSteps !== undefined)
    throw new UsageError(
      `scenario ${name}: --max-steps does not apply to a command, whose own arguments say how long it trains`,
    );
  if (scenario.command !== undefined && options.resumeOn !== undefined)
    throw new UsageError(`scenario ${name}: --resume-on does not apply to a command`);
  const softwareGpu = await requireBackends([loaded], options);
  const own = ownHistory(loaded, softwareGpu);
  if (maxSteps === undefined || maxSteps === own.steps) return { ...loaded, history: own };
  const chain = historyOf({ steps: maxSteps, resumeAt: [Math.ceil(maxSteps / 2)] });
  return { ...loaded, history: onBackends(chain, resumeBackends(scenario)) };
}

function spaceOf(
  { history, scenario }: LoadedScenario,
  { control, savable }: Proved,
  { maxResumes, resumeOn }: Options,
): Space {
  const { steps } = history;
  return {
    steps,
    savable: (savable ?? inner(steps)).filter((step) => step < steps),
    edges: control === undefined ? [] : bordersIn(control),
    maxResumes,
    backends: resumeOn ?? [],
    changes: scenario.mayChange ?? [],
    scenario,
  };
}

/** Runs the smallest histories once more, each by itself, for a report that nothing else is in. */
async function reportOf(
  { failures }: SearchResult,
  loaded: LoadedScenario,
  folder: string,
  options: Options,
): Promise<{ failures: readonly Reported[]; report: string | null }> {
  if (failures.length === 0) {
    await rm(folder, { recursive: true, force: true });
    return { failures: [], report: null };
  }
  const { runGate } = await import('../run/gate.ts');
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
    images: options.images,
    folder,
    fast: false,
    // A second Ctrl-C ends this process at once.
    signal: new AbortController().signal,
    replay: (own) => {
      const historyFile = files.get(own.name);
      return replayScenario(
        { ...own, name: loaded.name },
        { ...options, fast: false, ...(historyFile === undefined ? {} : { historyFile }) },
      );
    },
  });
  return {
    failures: failures.map((failure, at) => ({ ...failure, again: gate.verdicts[at]! })),
    report: report.html,
  };
}

/** A healthy scenario has a proven history and no failing one; a known fault fails by its own rule. */
function isAsExpected(
  expect: LoadedScenario['scenario']['expect'],
  { failures, cases }: Pick<SearchResult, 'failures' | 'cases'>,
): boolean {
  if (expect !== undefined && expect !== 'proven') return failures.some(({ rule }) => rule === expect[0]);
  return failures.length === 0 && cases.some(({ verdict }) => verdict.outcome === 'proven');
}

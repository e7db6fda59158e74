/** `resumeproof fuzz`: searches for histories of saves and resumes that fail. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { withFirstHistory } from '../fuzz/first-history.ts';
import { REGRESSIONS, RESUMES, RUNS } from '../fuzz/fuzz-options.ts';
import { tame } from '../report/text.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { type LoadedScenario, selectScenarios } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { describeHistory } from '../trace/history.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { fuzzJson, fuzzSummary } from './fuzz-summary.ts';
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
    .option('--max-resumes <n>', 'most resumes in a history', positive, RESUMES)
    .addOption(
      new Option('--resume-on <names>', 'also resume on these backends, separated by commas').argParser(
        backends,
      ),
    )
    .addOption(
      new Option('--regressions <dir>', 'folder of the histories that have failed, which are tried first')
        .default(absolute(REGRESSIONS), REGRESSIONS)
        .argParser(absolute),
    )
    .addHelpText('after', '\nExample:\n  resumeproof fuzz accumulation --time 5m --backend wasm')
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
  const loaded = await scenarioOf(wanted, options);
  const { name } = loaded;
  const signal = onInterrupt();
  // Imported only here, because it loads slowly.
  const { fuzzScenario } = await import('../fuzz/fuzz.ts');
  const { goesWrong } = await import('../fuzz/search.ts');
  let [tried, failing] = [0, 0];
  const told = new Set<string>();
  const beat = setInterval(() => say(`${tried} histories tried, ${failing} failing …`), BEAT_MS);
  const fuzzed = await fuzzScenario(loaded, {
    ...options,
    images: options.images,
    runs: options.runs ?? (options.time === undefined ? RUNS : Number.POSITIVE_INFINITY),
    seed: options.seed ?? Date.now() % 2 ** 31,
    folder: await makeReportFolder(options.reports, `fuzz-${name}-${options.backend}`),
    signal,
    replay: (own, historyFile) =>
      replayScenario(own, { ...options, fast: false, ...(historyFile === undefined ? {} : { historyFile }) }),
    onCase({ history, verdict }, why) {
      tried += 1;
      if (!goesWrong(verdict) || why === 'shrinking') return;
      failing += 1;
      const failure = `${verdict.findings[0]!.rule} ${verdict.cause}`;
      if (told.has(failure)) return;
      told.add(failure);
      say(`${describeHistory(history)}: ${tame(verdict.headline)}`);
    },
  }).finally(() => clearInterval(beat));
  if (options.json) printJson(fuzzJson(fuzzed));
  else print(fuzzSummary(tame(fuzzed)));
  if (signal.aborted) return EXIT.interrupted;
  return fuzzed.asExpected ? EXIT.passed : EXIT.failed;
}

async function scenarioOf(wanted: string, options: Options): Promise<LoadedScenario> {
  requireImages(options.images);
  const selected = [...(await selectScenarios(options.scenarios, [wanted]))];
  const [[name, file]] = selected as [[string, string]];
  if (selected.length > 1)
    throw new UsageError(`'${wanted}' matches ${selected.length} scenarios; fuzz takes one at a time`);
  const [loaded] = (await inspectScenarios(new Map([[name, file]]))) as [LoadedScenario];
  const softwareGpu = await requireBackends([loaded], options);
  return withFirstHistory(loaded, options, softwareGpu, { maxSteps: '--max-steps', resumeOn: '--resume-on' });
}

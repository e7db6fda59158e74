/** `resumeproof fuzz`: searches for histories of saves and resumes that fail. */
import { rm } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { withFirstHistory } from '../fuzz/first-history.ts';
import { REGRESSIONS, RESUMES, RUNS } from '../fuzz/fuzz-options.ts';
import type { HandOut } from '../queue/hand-out.ts';
import { tame } from '../report/text.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { type LoadedScenario, selectScenarios } from '../run/scenario.ts';
import type { Shard } from '../run/shard.ts';
import { digestOfSources } from '../run/sources.ts';
import { UsageError } from '../run/usage-error.ts';
import { describeHistory } from '../trace/history.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { type FuzzingOptions, fuzzShard, keepShard, requireForShard, shareOf } from './fuzz-shard.ts';
import { fuzzJson, fuzzSummary } from './fuzz-summary.ts';
import { absolute, backends, integer, positive, trainingOptions } from './options.ts';
import { print, printJson } from './print.ts';
import { addressOf, handOut, redisOption } from './redis.ts';
import { type OwnShard, reportName, shardOption } from './shard.ts';

interface Options extends FuzzingOptions {
  readonly shard?: Shard;
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
    .addHelpText(
      'after',
      '\nExample:\n  resumeproof fuzz accumulation --time 5m --backend wasm\n  resumeproof fuzz accumulation --time 5m --backend wasm --redis redis://192.0.2.7:6379\n  resumeproof fuzz accumulation --runs 600 --seed 1 --backend wasm --shard 2/3',
    )
    .action(async (wanted: string, options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of [
    ...trainingOptions(),
    shardOption(),
    redisOption('hand out histories to `resumeproof worker`s through this Redis server'),
  ])
    command.addOption(option);
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
  if (options.redis !== undefined) addressOf(options.redis);
  if (options.shard !== undefined) requireForShard(options);
  const found = await scenarioOf(wanted, options);
  const { loaded, softwareGpu, sources } = found;
  const shard = options.shard && (await fuzzShard(options.shard, loaded, sources, options));
  const signal = onInterrupt();
  const hands =
    options.redis === undefined
      ? undefined
      : await handOut({
          command: 'fuzz',
          scenarios: [loaded],
          faults: [],
          sources,
          softwareGpu,
          options: { ...options, redis: options.redis },
          signal,
          say,
        });
  try {
    return await searched({ ...found, ...(shard === undefined ? {} : { shard }), signal }, options, hands);
  } finally {
    await hands?.close();
  }
}

interface Search extends Wanted {
  readonly shard?: OwnShard;
  readonly signal: AbortSignal;
}

async function searched(
  { loaded, shard, signal }: Search,
  options: Options,
  hands: HandOut | undefined,
): Promise<number> {
  const { name } = loaded;
  // Imported only here, because it loads slowly.
  const { fuzzScenario } = await import('../fuzz/fuzz.ts');
  const { queuedProver } = await import('../fuzz/queued-prover.ts');
  const { goesWrong } = await import('../fuzz/search.ts');
  const folder = await makeReportFolder(
    options.reports,
    reportName(`fuzz-${name}-${options.backend}`, shard?.shard),
  );
  const replay = (own: LoadedScenario, historyFile?: string): string =>
    replayScenario(own, { ...options, fast: false, ...(historyFile === undefined ? {} : { historyFile }) });
  let [tried, failing] = [0, 0];
  const told = new Set<string>();
  const beat = setInterval(() => say(`${tried} histories tried, ${failing} failing …`), BEAT_MS);
  const searching = fuzzScenario(
    loaded,
    {
      ...options,
      images: options.images,
      runs: options.runs ?? (options.time === undefined ? RUNS : Number.POSITIVE_INFINITY),
      seed: options.seed ?? Date.now() % 2 ** 31,
      ...(shard === undefined ? {} : { share: shareOf(shard) }),
      folder,
      signal,
      replay,
      onCase({ history, verdict }, why) {
        tried += 1;
        if (!goesWrong(verdict) || why === 'shrinking') return;
        failing += 1;
        const failure = `${verdict.findings[0]!.rule} ${verdict.cause}`;
        if (told.has(failure)) return;
        told.add(failure);
        say(`${describeHistory(history)}: ${tame(verdict.headline)}`);
      },
    },
    hands === undefined ? undefined : queuedProver(hands),
  );
  const fuzzed = await searching.finally(() => clearInterval(beat));
  if (shard !== undefined) await keepShard(folder, shard, fuzzed, { loaded, signal, replay });
  else if (fuzzed.report === null) await rm(folder, { recursive: true, force: true });
  if (options.json) printJson(fuzzJson(fuzzed));
  else print(fuzzSummary(tame(fuzzed)));
  if (signal.aborted) return EXIT.interrupted;
  return fuzzed.asExpected ? EXIT.passed : EXIT.failed;
}

interface Wanted {
  readonly loaded: LoadedScenario;
  readonly softwareGpu: boolean;
  /** A digest. */
  readonly sources: string;
}

async function scenarioOf(wanted: string, options: Options): Promise<Wanted> {
  requireImages(options.images);
  const selected = [...(await selectScenarios(options.scenarios, [wanted]))];
  const [[name, file]] = selected as [[string, string]];
  if (selected.length > 1)
    throw new UsageError(`'${wanted}' matches ${selected.length} scenarios; fuzz takes one at a time`);
  const imports = new Set<string>();
  const inspected = await inspectScenarios(new Map([[name, file]]), undefined, (url) => imports.add(url));
  const softwareGpu = await requireBackends(inspected, options);
  const words = { maxSteps: '--max-steps', resumeOn: '--resume-on' };
  return {
    loaded: withFirstHistory(inspected[0]!, options, softwareGpu, words),
    softwareGpu,
    sources: digestOfSources(imports, inspected),
  };
}

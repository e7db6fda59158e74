/** `resumeproof run`: the gate. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { withAskedPlan } from '../run/asked-plan.ts';
import { comparedGate } from '../run/compared-report.ts';
import { codeOfFailures } from '../run/failure-code.ts';
import type { GateResult } from '../run/gate.ts';
import { readHistory } from '../run/history-file.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import type { Shard } from '../run/shard.ts';
import { writeShard } from '../run/shard-file.ts';
import { digestOfSources } from '../run/sources.ts';
import { UsageError } from '../run/usage-error.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import {
  backends,
  baselinesOption,
  fastOption,
  positive,
  positives,
  type TrainingOptions,
  trainingOptions,
} from './options.ts';
import { openDisplay } from './progress.ts';
import { checkTelling, reporterOption, type Telling, tell } from './reporters.ts';
import { grepOption, lastFailedOption, type Selection, selected } from './selection.ts';
import { ownShard, reportName, shardOption } from './shard.ts';
import { type Ran, watchRuns } from './watch.ts';

interface Options extends TrainingOptions, Selection, Telling {
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly resumeOn?: string[];
  readonly history?: string;
  readonly fast: boolean;
  readonly shard?: Shard;
  readonly watch: boolean;
  readonly compare?: string;
  readonly baselines: string;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'Runs scenarios, judges each resume against a control that never stopped, and writes a report.',
    )
    .argument('[scenario...]', 'names (* matches anything) or file paths; all by default')
    .option('--steps <n>', 'steps of the whole run; the plan’s by default', positive)
    .option(
      '--resume-at <n,n>',
      'steps after which to save, stop and resume; the plan’s by default',
      positives,
    )
    .option(
      '--resume-on <name,name>',
      'backends to resume on, in turn; by default the scenario’s, else the run’s own',
      backends,
    )
    .option('--history <file>', 'what each process does, as JSON; the plan’s by default')
    .option('--compare <dir>', "the folder of an earlier report to compare with, or 'last' for the newest")
    .option('--watch', 'run scenarios again when their files change', false)
    .addHelpText('after', "\nExample:\n  resumeproof run 'hooks-*' --backend wasm")
    .action(async (wanted: string[], options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  const own = [
    grepOption(),
    lastFailedOption(),
    fastOption(),
    shardOption(),
    reporterOption(),
    baselinesOption(),
  ];
  for (const option of [...trainingOptions(), ...own]) command.addOption(option);
  return command;
}

async function run(wanted: readonly string[], options: Options): Promise<number> {
  requireImages(options.images);
  checkTelling(options);
  if (!options.watch) return (await runFiles(await selected(options, wanted), options, onInterrupt)).code;
  if (options.json || options.shard !== undefined || options.lastFailed)
    throw new UsageError('--watch runs again and again; leave out --json, --shard and --last-failed');
  const signal = onInterrupt();
  return watchRuns({
    select: () => selected(options, wanted),
    run: (files) => runFiles(files, options, () => signal),
    without: [options.reports, ...options.reporter.flatMap(({ file }) => file ?? [])],
    signal,
  });
}

/** @param interrupt called once the scenarios are loaded, for the signal that ends their processes */
async function runFiles(
  files: ReadonlyMap<string, string>,
  options: Options,
  interrupt: () => AbortSignal,
): Promise<Ran> {
  const imports = new Set<string>();
  const loaded = await inspectScenarios(files, undefined, (url) => imports.add(url));
  const softwareGpu = await requireBackends(loaded, options);
  const history = options.history === undefined ? {} : { history: await readHistory(options.history) };
  const all = loaded.map((scenario) =>
    withAskedPlan(scenario, { ...planRequest(options), ...history }, softwareGpu),
  );
  const shard =
    options.shard === undefined
      ? undefined
      : ownShard(options.shard, {
          command: 'run',
          cases: all.map(({ name }) => name),
          sources: digestOfSources(imports, all),
          options: {
            '--backend': options.backend,
            '--require-gpu': options.requireGpu,
            '--images': options.images && path.relative('', options.images),
            '--steps': options.steps,
            '--resume-at': options.resumeAt,
            '--resume-on': options.resumeOn,
            '--history': options.history && JSON.stringify(history),
            '--fast': options.fast,
          },
        });
  const scenarios = shard === undefined ? all : all.filter(({ name }) => shard.own.includes(name));
  const signal = interrupt();
  // Imported only here, because the report's image library loads slowly.
  const { runGate } = await import('../run/gate.ts');
  const compared =
    options.compare === undefined ? undefined : await comparedGate(options.compare, options.reports);
  if (options.compare !== undefined && compared === undefined)
    say(`--compare last: there is no earlier report in ${path.relative('', options.reports) || '.'}`);
  const folder = await makeReportFolder(options.reports, reportName(options.backend, options.shard));
  const display = openDisplay(scenarios);
  let result: GateResult;
  try {
    result = await runGate(scenarios, {
      ...options,
      images: options.images,
      folder,
      signal,
      replay: (scenario) =>
        replayScenario(scenario, {
          ...options,
          ...(options.history === undefined ? {} : { historyFile: options.history }),
        }),
      // A shard is no whole run.
      ...(shard === undefined ? { past: options.reports } : {}),
      baselines: options.baselines,
      compared,
      onProgress: display.progress,
      onVerdict: display.verdict,
    });
  } finally {
    display.end();
  }
  if (shard !== undefined) await writeShard(folder, { ...shard, interrupted: signal.aborted });
  const { gate, report } = result;
  await tell({ ...result, code: await codeOfFailures(gate.verdicts, folder) }, options);
  if (signal.aborted)
    say(
      `${gate.problem ?? 'Interrupted after every scenario had finished.'} See ${path.dirname(report.json)}`,
    );
  return {
    code: signal.aborted ? EXIT.interrupted : gate.passed ? EXIT.passed : EXIT.failed,
    imports: [...imports].filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url)),
    commands: all.filter(({ scenario }) => scenario.command !== undefined).map(({ name }) => name),
  };
}

const planRequest = ({ history: _, ...others }: Options): Omit<Options, 'history'> => others;

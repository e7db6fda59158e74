/** `resumeproof mutants`: mutation testing of the rules, which gives the kill matrix. */
import path from 'node:path';
import { Command } from 'commander';
import { isMisjudged } from '../judge/matrix/matrix.ts';
import { tame } from '../report/text.ts';
import { ownHistory } from '../run/asked-plan.ts';
import { selectFaults } from '../run/faults.ts';
import { inspectScenarios } from '../run/inspect.ts';
import type { MutantsResult } from '../run/mutants.ts';
import { replayCell } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import type { Shard } from '../run/shard.ts';
import { writeShard } from '../run/shard-file.ts';
import { digestOfSources } from '../run/sources.ts';
import { UsageError } from '../run/usage-error.ts';
import { openCounter } from './counter.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { cellLine, matrixSummary } from './matrix-summary.ts';
import { positive, type TrainingOptions, trainingOptions } from './options.ts';
import { print, printJson } from './print.ts';
import { addressOf, handOut, redisOption } from './redis.ts';
import { grepOption, selected } from './selection.ts';
import { ownShard, reportName, shardOption } from './shard.ts';

interface Options extends TrainingOptions {
  readonly grep?: string;
  readonly fault: readonly string[];
  readonly faults?: string;
  readonly sample?: number;
  readonly allApply: boolean;
  readonly keep: boolean;
  readonly shard?: Shard;
  readonly redis?: string;
}

export function mutantsCommand(): Command {
  const command = new Command('mutants')
    .summary(
      'Injects resume bugs into healthy scenarios and reports which are caught and correctly diagnosed.',
    )
    .description(
      'Injects resume bugs into healthy scenarios and reports which are caught and correctly diagnosed. This is mutation testing: each fault makes a mutant of a trainer, and the rules must catch it.',
    )
    .argument('[scenario...]', 'names (* matches anything) or file paths; all healthy ones by default')
    .option('--fault <id...>', 'only these faults (* matches anything)', [])
    .option('--faults <dir>', 'folder of fault files; this package’s own by default', (dir) =>
      path.resolve(dir),
    )
    .option(
      '--sample <n>',
      'try each fault on only n of the scenarios that it applies to, the same each time',
      positive,
    )
    .option('--all-apply', 'fail if a fault applies to no scenario, or has no effect on any trace', false)
    .option('--keep', 'keep the traces of all cells, not only of missed ones', false)
    .addHelpText(
      'after',
      "\nExample:\n  resumeproof mutants --sample 1 --backend wasm\n  resumeproof mutants accumulation --fault 'slots-*'\n  resumeproof mutants --backend wasm --redis redis://192.0.2.7:6379",
    )
    .action(async (wanted: string[], options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of [
    ...trainingOptions(),
    grepOption(),
    shardOption(),
    redisOption('hand out healthy runs and faults to `resumeproof worker`s through this Redis server'),
  ])
    command.addOption(option);
  return command;
}

async function run(wanted: readonly string[], options: Options): Promise<number> {
  requireImages(options.images);
  if (options.shard !== undefined && options.sample !== undefined)
    throw new UsageError(
      '--sample picks scenarios by the results of all healthy runs, which no shard has: leave out --sample or --shard',
    );
  if (options.redis !== undefined) requireForQueue(options);
  const imports = new Set<string>();
  const imported = (url: string): void => void imports.add(url);
  const faults = await selectFaults(options.faults, options.fault, imported);
  const inspected = await inspectScenarios(await selected(options, wanted), undefined, imported);
  const leftOut = inspected
    .filter(({ scenario }) => scenario.command !== undefined)
    .map(({ name }) => ({ scenario: name, why: 'faults cannot be put into a command' }));
  const loaded = inspected.filter(({ scenario }) => scenario.command === undefined);
  if (loaded.length === 0)
    throw new UsageError(
      'mutants needs a scenario with a trainer, because faults cannot be put into a command',
    );
  const healthy = loaded.filter(({ scenario: { expect = 'proven' } }) => expect === 'proven');
  if (healthy.length === 0) {
    throw new UsageError(
      `mutants needs a healthy scenario, but each of these expects a known fault: ${loaded.map(({ name }) => name).join(', ')}`,
    );
  }
  const softwareGpu = await requireBackends(healthy, options);
  const all = healthy.map((scenario) => ({
    ...scenario,
    history: ownHistory(scenario, softwareGpu),
  }));
  const shard =
    options.shard === undefined
      ? undefined
      : ownShard(options.shard, {
          command: 'mutants',
          cases: all.map(({ name }) => name),
          sources: digestOfSources(imports, all),
          options: {
            '--backend': options.backend,
            '--require-gpu': options.requireGpu,
            '--images': options.images && path.relative('', options.images),
            '--fault': faults.map(({ id }) => id),
            '--all-apply': options.allApply,
            '--keep': options.keep,
          },
        });
  const scenarios = shard === undefined ? all : all.filter(({ name }) => shard.own.includes(name));
  const signal = onInterrupt();
  const counter = openCounter();
  const hands =
    options.redis === undefined
      ? undefined
      : await handOut({
          command: 'mutants',
          scenarios,
          faults,
          sources: digestOfSources(imports, all),
          softwareGpu,
          options: { ...options, redis: options.redis },
          signal,
          say: counter.say,
        });
  let folder: string;
  let result: MutantsResult;
  counter.say(
    `running ${scenarios.length} healthy scenarios, then ${faults.length} faults in each scenario they apply to …`,
  );
  try {
    // Imported only here, because they load slowly.
    const { runMutants } = await import('../run/mutants.ts');
    const { queuedMatrix } = await import('../run/queued-matrix.ts');
    folder = await makeReportFolder(options.reports, reportName(`mutants-${options.backend}`, options.shard));
    let ready = 0;
    result = await runMutants(
      scenarios,
      faults,
      {
        ...options,
        images: options.images,
        folder,
        sample: options.sample,
        leftOut,
        // A fault that applies to no scenario of a shard may apply to another's.
        allApply: options.allApply && shard === undefined,
        signal,
        replay: (scenario, fault) => replayCell(scenario, fault, options),
        onScenario: ({ scenario, outcome, falseAlarm, headline }, applicable) => {
          ready += 1;
          const apply = outcome === 'proven' ? `, ${applicable} faults apply` : ` – ${headline}`;
          counter.say(
            `[${ready}/${scenarios.length}] ${falseAlarm ? '✗ FALSE ALARM: ' : ''}${scenario}: ${outcome}${apply}`,
          );
        },
        onCells: counter.expect,
        onCell: (fault, cell) => {
          counter.count();
          if (isMisjudged(cell)) counter.say(cellLine(fault, cell));
        },
      },
      hands === undefined ? undefined : queuedMatrix(hands, counter.say),
    );
  } finally {
    counter.end();
    await hands?.close();
  }
  if (shard !== undefined) await writeShard(folder, { ...shard, interrupted: signal.aborted });
  const { matrix, report } = result;
  if (options.json) printJson({ ...matrix, report });
  else print(matrixSummary({ matrix: tame(matrix), report }));
  if (signal.aborted) say(`interrupted; see ${path.dirname(report.json)}`);
  return signal.aborted ? EXIT.interrupted : matrix.passed ? EXIT.passed : EXIT.failed;
}

function requireForQueue({ redis, shard, keep }: Options): void {
  addressOf(redis!);
  if (shard !== undefined) throw new UsageError('a queue needs no shards: leave out --shard or --redis');
  if (keep)
    throw new UsageError(
      'the traces of cells stay with the workers that run them: leave out --keep or --redis',
    );
}

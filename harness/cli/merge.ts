/** `resumeproof merge`: one result from the shards of a run. */
import { rm } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { REGRESSIONS } from '../fuzz/fuzz-options.ts';
import { tame } from '../report/text.ts';
import { findShards } from '../run/merge.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import type { FoundShard } from '../run/shard-file.ts';
import { EXIT } from './exit.ts';
import { fuzzJson, fuzzSummary } from './fuzz-summary.ts';
import { matrixSummary } from './matrix-summary.ts';
import { absolute, jsonOption, reportsOption } from './options.ts';
import { print, printJson } from './print.ts';
import { checkTelling, reporterOption, type Telling, tell } from './reporters.ts';

interface Options extends Telling {
  readonly reports: string;
  readonly regressions: string;
}

export function mergeCommand(): Command {
  return new Command('merge')
    .description(
      'Joins the reports of all shards of `run --shard`, `mutants --shard` or `fuzz --shard` into one, and exits as the whole run would.',
    )
    .argument('<dir...>', 'reports of shards, or folders that hold them')
    .addOption(reportsOption())
    .addOption(reporterOption())
    .addOption(
      new Option('--regressions <dir>', 'folder to which what failed in fuzz is written')
        .default(absolute(REGRESSIONS), REGRESSIONS)
        .argParser(absolute),
    )
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof merge shards')
    .action(async (folders: string[], options: Options) => {
      process.exitCode = await merge(folders, options);
    });
}

async function merge(folders: readonly string[], options: Options): Promise<number> {
  checkTelling(options);
  const shards = await findShards(folders);
  const { command, options: given } = shards[0].record;
  const name = `merged-${command === 'run' ? '' : `${command}-`}${given['--backend'] ?? 'auto'}`;
  // Imported only here, because the report's image library loads slowly.
  if (command === 'run') {
    const { mergeGates, readGates } = await import('../run/merge-gate.ts');
    const gates = await readGates(shards);
    const { gate, report } = await mergeGates(gates, await makeReportFolder(options.reports, name));
    await tell({ gate, report, code: new Map() }, options);
    return gate.passed ? EXIT.passed : EXIT.failed;
  }
  if (command === 'fuzz') return mergeSearch(shards, options, `merged-fuzz-${given['--backend'] ?? 'auto'}`);
  const { mergeMatrices, readMatrices } = await import('../run/merge-mutants.ts');
  const matrices = await readMatrices(shards);
  const { matrix, report } = await mergeMatrices(matrices, await makeReportFolder(options.reports, name));
  if (options.json) printJson({ ...matrix, report });
  else print(matrixSummary({ matrix: tame(matrix), report }));
  return matrix.passed ? EXIT.passed : EXIT.failed;
}

async function mergeSearch(
  shards: readonly FoundShard[],
  { reports, regressions, json }: Options,
  name: string,
): Promise<number> {
  const { readFuzzRecord } = await import('../fuzz/fuzz-record.ts');
  const { mergeFuzz, requireWholeSearch } = await import('../fuzz/merge-fuzz.ts');
  const found = await Promise.all(shards.map(readFuzzRecord));
  requireWholeSearch(found);
  const folder = await makeReportFolder(reports, name);
  const fuzzed = await mergeFuzz(found, folder, regressions);
  if (fuzzed.report === null) await rm(folder, { recursive: true, force: true });
  if (json) printJson(fuzzJson(fuzzed));
  else print(fuzzSummary(tame(fuzzed)));
  return fuzzed.asExpected ? EXIT.passed : EXIT.failed;
}

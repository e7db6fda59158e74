/** `resumeproof merge`: one result from the shards of a run. */
import { Command } from 'commander';
import { tame } from '../report/text.ts';
import { findShards } from '../run/merge.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { EXIT } from './exit.ts';
import { matrixSummary } from './matrix-summary.ts';
import { jsonOption, reportsOption } from './options.ts';
import { print, printJson } from './print.ts';
import { checkTelling, reporterOption, type Telling, tell } from './reporters.ts';

interface Options extends Telling {
  readonly reports: string;
}

export function mergeCommand(): Command {
  return new Command('merge')
    .description(
      'Joins the reports of all shards of `run --shard` or `mutants --shard` into one, and exits as the whole run would.',
    )
    .argument('<dir...>', 'reports of shards, or folders that hold them')
    .addOption(reportsOption())
    .addOption(reporterOption())
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
  const { mergeMatrices, readMatrices } = await import('../run/merge-mutants.ts');
  const matrices = await readMatrices(shards);
  const { matrix, report } = await mergeMatrices(matrices, await makeReportFolder(options.reports, name));
  if (options.json) printJson({ ...matrix, report });
  else print(matrixSummary({ matrix: tame(matrix), report }));
  return matrix.passed ? EXIT.passed : EXIT.failed;
}

/** `resumeproof approve`: makes the controls of a report the baselines of their scenarios. */
import path from 'node:path';
import { Command } from 'commander';
import { visible } from '../report/text.ts';
import { approve } from '../run/approve.ts';
import { reportFiles } from '../run/reports.ts';
import { UsageError } from '../run/usage-error.ts';
import { EXIT } from './exit.ts';
import { baselinesOption, reportsOption } from './options.ts';
import { print } from './print.ts';

interface Options {
  readonly reports: string;
  readonly report?: string;
  readonly baselines: string;
  readonly all: boolean;
}

export function approveCommand(): Command {
  return new Command('approve')
    .description(
      'Makes what the controls of a report did the baselines that later runs compare their controls with. No resume is approved: one that is refuted stays so.',
    )
    .argument('[scenario...]', 'names of scenarios in the report')
    .option('--all', 'all scenarios of the report', false)
    .option('--report <dir>', 'a report; the newest by default')
    .addOption(reportsOption())
    .addOption(baselinesOption())
    .addHelpText('after', '\nExample:\n  resumeproof approve fine-tune')
    .action(async (scenarios: string[], options: Options) => {
      process.exitCode = await run(scenarios, options);
    });
}

async function run(
  scenarios: readonly string[],
  { reports, report, baselines, all }: Options,
): Promise<number> {
  if (scenarios.length === 0 && !all) throw new UsageError('approve: name scenarios, or use --all');
  if (scenarios.length > 0 && all) throw new UsageError('approve: name scenarios or use --all, not both');
  const within = report === undefined ? reports : path.resolve(report);
  const [file] = reportFiles(within, ['verdict.json']);
  if (file === undefined)
    throw new UsageError(`no report in ${path.relative('', within) || '.'}; make one with resumeproof run`);
  const approved = await approve({ file, baselines, scenarios });
  for (const one of approved)
    print(
      one.file === undefined
        ? `✗ ${visible(one.scenario)}: ${one.why}\n`
        : `✓ ${visible(one.scenario)}: ${path.relative('', one.file)}\n`,
    );
  return approved.every((one) => one.file !== undefined) ? EXIT.passed : EXIT.failed;
}

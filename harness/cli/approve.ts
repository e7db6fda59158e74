/** `resumeproof approve`: makes the controls of a report the baselines of their scenarios. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import type { Gate } from '../judge/verdict.ts';
import { tame, visible } from '../report/text.ts';
import { approve } from '../run/approve.ts';
import { near } from '../run/near.ts';
import { newestGate } from '../run/reports.ts';
import { REVIEW, readReview } from '../run/review-file.ts';
import { UsageError } from '../run/usage-error.ts';
import { EXIT } from './exit.ts';
import { baselinesOption, reportsOption } from './options.ts';
import { print } from './print.ts';

interface Options {
  readonly reports: string;
  readonly report?: string;
  readonly baselines: string;
  readonly all: boolean;
  readonly accepted?: string | true;
}

export function approveCommand(): Command {
  return new Command('approve')
    .description(
      'Makes what the controls of a report did the baselines that later runs compare their controls with. No resume is approved: one that is refuted stays so.',
    )
    .argument('[scenario...]', 'names of scenarios in the report')
    .option('--all', 'all scenarios of the report', false)
    .option(
      '--accepted [file]',
      'the scenarios that were accepted in a review: review.json beside the report, or a file that its page has saved',
    )
    .option('--report <dir>', 'a report; the newest by default')
    .addOption(reportsOption())
    .addOption(baselinesOption())
    .addHelpText('after', '\nExample:\n  resumeproof approve fine-tune')
    .action(async (scenarios: string[], options: Options) => {
      process.exitCode = await run(scenarios, options);
    });
}

async function run(given: readonly string[], options: Options): Promise<number> {
  const { reports, report, baselines, all, accepted } = options;
  const ways = [given.length > 0, all, accepted !== undefined].filter(Boolean).length;
  if (ways === 0) throw new UsageError('approve: name scenarios, or use --all or --accepted');
  if (ways > 1) throw new UsageError('approve: name scenarios or use --all or --accepted, only one of them');
  const { file, gate } = await newestGate(report === undefined ? reports : path.resolve(report), 'approve');
  const folder = path.dirname(file);
  const scenarios =
    accepted === undefined ? named(given, gate, folder) : await acceptedIn(accepted, gate, folder);
  const approved = await approve({ folder, gate, baselines, scenarios });
  for (const { scenario, file: written, why, refuted } of approved)
    print(
      written === undefined
        ? `✗ ${visible(scenario)}: ${why}\n`
        : `✓ ${visible(scenario)}: ${path.relative('', written)}${refuted ? ' (its resume is refuted, and stays so)' : ''}\n`,
    );
  return approved.every((one) => one.file !== undefined) ? EXIT.passed : EXIT.failed;
}

/** @throws {UsageError} when the report has no scenario of a name */
function named(given: readonly string[], { verdicts }: Gate, folder: string): readonly string[] {
  const known = verdicts.map(({ scenario }) => scenario);
  const missing = given.find((name) => !known.includes(name));
  if (missing === undefined) return given.length === 0 ? known : given;
  const likely = near(missing, known);
  throw new UsageError(
    `${path.relative('', folder) || '.'} has no scenario '${missing}'${likely.length === 0 ? '' : `; did you mean ${likely.join(', ')}?`}`,
  );
}

/** @throws {UsageError} when the review is missing, is of another report, accepts nothing, or accepts what the report lacks */
async function acceptedIn(
  from: string | true,
  { startedAt, verdicts }: Gate,
  folder: string,
): Promise<string[]> {
  const file = from === true ? path.join(folder, REVIEW) : path.resolve(from);
  if (!existsSync(file))
    throw new UsageError(
      `${path.relative('', file)} is missing; review this report with resumeproof review, or name the one that was reviewed with --report`,
    );
  const { decisions } = await readReview(file, startedAt);
  const accepted = decisions
    .filter(({ decision }) => decision === 'accepted')
    .map(({ scenario }) => scenario);
  const shown = path.relative('', file);
  if (accepted.length === 0)
    throw new UsageError(`${shown} accepts no scenario of this report; decide with resumeproof review`);
  // The page shows names with hidden characters spelled out.
  const known = new Map(verdicts.map(({ scenario }) => [tame(scenario), scenario]));
  const missing = accepted.find((name) => !known.has(name));
  if (missing !== undefined)
    throw new UsageError(
      `${shown} accepts '${visible(missing)}', which this report does not have; it was changed after it was written, so mend or remove it`,
    );
  return accepted.map((name) => known.get(name)!);
}

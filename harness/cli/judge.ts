/** `resumeproof judge`: a verdict on traces that any recorder wrote. */
import { Command } from 'commander';
import type { Verdict } from '../judge/verdict.ts';
import { casesIn } from '../run/cases.ts';
import { replayJudge } from '../run/replay.ts';
import { makeReportFolder, takeReportFolder } from '../run/report-folder.ts';
import { EXIT } from './exit.ts';
import { absolute, jsonOption, reportsOption } from './options.ts';
import { printError } from './print.ts';
import { checkTelling, reporterOption, type Telling, tell } from './reporters.ts';
import { columnsOf } from './terminal.ts';
import { verdictLines } from './verdict-lines.ts';

interface Options extends Telling {
  readonly report?: string;
  readonly reports: string;
}

export function judgeCommand(): Command {
  return new Command('judge')
    .description(
      'Judges traces that any recorder wrote, says what is missing in them, and writes a report. A folder is a case if it holds a folder with a trace.jsonl for each process. Of another folder, each case in it is judged.',
    )
    .argument('<dir...>', 'folders of cases')
    .option(
      '--report <dir>',
      'folder of the report, new or empty; one in that of reports by default',
      absolute,
    )
    .addOption(reportsOption())
    .addOption(reporterOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  resumeproof judge runs/ema-lost --report report')
    .action(async (folders: string[], options: Options) => {
      process.exitCode = await run(folders, options);
    });
}

async function run(folders: readonly string[], options: Options): Promise<number> {
  checkTelling(options);
  const cases = casesIn(folders);
  const folder =
    options.report === undefined
      ? await makeReportFolder(options.reports, 'judge')
      : await takeReportFolder(options.report);
  // Imported only here, because the report's image library loads slowly.
  const { judgeCases } = await import('../run/judge-folders.ts');
  const { gate, report } = await judgeCases(cases, {
    folder,
    replay: replayJudge,
    onVerdict: (verdict) =>
      printError(`${verdictLines(verdict, columnsOf(process.stderr)).join('\n')}\n${missing(verdict)}`),
  });
  await tell({ gate, report, code: new Map() }, options);
  return gate.passed ? EXIT.passed : EXIT.failed;
}

const MOST = 6;

/** What a verdict that nothing refutes still needs, a line each; the headline has said the first. */
function missing({ outcome, headline, findings }: Verdict): string {
  if (outcome !== 'inconclusive') return '';
  const others = [...new Set(findings.map(({ sentence }) => sentence))].filter((one) => one !== headline);
  const more = others.length > MOST ? [`and ${others.length - MOST} more`] : [];
  return [...others.slice(0, MOST), ...more].map((line) => `  ${line}\n`).join('');
}

/** `resumeproof show`: opens a report. */
import path from 'node:path';
import { Command, Option } from 'commander';
import { reportFiles } from '../run/reports.ts';
import { UsageError } from '../run/usage-error.ts';
import { openInBrowser } from './browser.ts';
import { reportsOption } from './options.ts';
import { print } from './print.ts';

export function showCommand(): Command {
  return new Command('show')
    .description('Opens the newest report in the browser and prints its path.')
    .argument('[dir]', 'a report, or a folder of reports')
    .addOption(reportsOption())
    .addOption(new Option('--no-open', 'only print the path'))
    .addHelpText('after', '\nExample:\n  resumeproof show')
    .action(async (folder: string | undefined, options: { reports: string; open: boolean }) => {
      const within = folder === undefined ? options.reports : path.resolve(folder);
      const [newest] = reportFiles(within, ['index.html', 'matrix.html']);
      if (newest === undefined) throw new UsageError(`no report in ${within}; make one with resumeproof run`);
      print(`${path.relative('', newest)}\n`);
      if (options.open) await openInBrowser(newest);
    });
}

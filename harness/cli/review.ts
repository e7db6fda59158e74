/** `resumeproof review`: serves a report to the browser and keeps what its reader decides. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DECISIONS, type Review } from '../report/review.ts';
import { count } from '../report/text.ts';
import { newestGate } from '../run/reports.ts';
import { REVIEW } from '../run/review-file.ts';
import { openInBrowser } from './browser.ts';
import { EXIT, onInterrupt } from './exit.ts';
import { reportsOption } from './options.ts';
import { print } from './print.ts';

interface Options {
  readonly reports: string;
  readonly port: number;
  readonly open: boolean;
}

export function reviewCommand(): Command {
  return new Command('review')
    .description(
      'Opens the newest report in the browser, served on this machine only, and writes what you accept, reject and note to review.json beside it, until Ctrl-C.',
    )
    .argument('[dir]', 'a report, or a folder of reports')
    .addOption(reportsOption())
    .addOption(new Option('--port <n>', 'a port of 127.0.0.1').default(0, 'a free one').argParser(port))
    .addOption(new Option('--no-open', 'only print the address'))
    .addHelpText('after', '\nExample:\n  resumeproof review')
    .action(async (folder: string | undefined, options: Options) => {
      process.exitCode = await run(folder, options);
    });
}

async function run(dir: string | undefined, { reports, port, open }: Options): Promise<number> {
  const { file, gate } = await newestGate(dir === undefined ? reports : path.resolve(dir), 'review');
  const folder = path.dirname(file);
  let last: Review | undefined;
  // Imported only here, because its image library loads slowly, also for the help of all commands.
  const { serveReview } = await import('../run/review-server.ts');
  const server = await serveReview({ folder, gate, port, onReview: (review) => (last = review) });
  const stop = onInterrupt('the review is closed');
  print(
    `${server.url}\nDecisions are written to ${path.relative('', path.join(folder, REVIEW))}. Ctrl-C ends.\n`,
  );
  const opener = path.join(folder, '.review.html');
  try {
    if (open) await openPrivately(server.url, opener);
    await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
  } finally {
    await rm(opener, { force: true });
    await server.close();
  }
  if (last !== undefined) print(summaryOf(last));
  return EXIT.passed;
}

/** The arguments of a program can be read by every user of this machine, and the address holds the token. */
async function openPrivately(url: string, file: string): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${url}">\n`, {
    mode: 0o600,
    flag: 'wx',
  });
  await openInBrowser(file);
}

function summaryOf({ decisions }: Review): string {
  const [accepted, rejected] = DECISIONS.map(
    (wanted) => decisions.filter(({ decision }) => decision === wanted).length,
  );
  const next = accepted === 0 ? '' : '\nTo make them baselines: resumeproof approve --accepted';
  return `${count(decisions.length, 'scenario')} reviewed: ${accepted} accepted, ${rejected} rejected.${next}\n`;
}

function port(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new InvalidArgumentError('expected a port from 0 to 65535.');
}

/** Exit codes, and how an error becomes one line and one of them. */
import { BackendError } from '../backend/error.ts';
import { QueueError } from '../queue/error.ts';
import { UsageError } from '../run/usage-error.ts';
import { wrapped } from './layout.ts';
import { printError } from './print.ts';
import { columnsOf } from './terminal.ts';

export const EXIT = {
  passed: 0,
  /** A scenario is not as expected, or nothing was proven. */
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** The harness or its environment failed. */
  environment: 3,
  /** Stopped by Ctrl-C; finished results are kept. */
  interrupted: 130,
} as const;

/** Prints the error as one line on standard error and returns its exit code. */
export function fail(error: unknown): number {
  if (error instanceof UsageError) {
    say(error.message);
    for (const line of error.code) printError(`  ${line}\n`);
    sayLast(error.said);
    return EXIT.usage;
  }
  say(error instanceof Error ? error.message : String(error));
  // An unexpected kind of error is a bug in the harness, so print its stack.
  if (!(error instanceof BackendError || error instanceof QueueError) && !isSystemError(error))
    printError(`${error instanceof Error ? error.stack : String(error)}\n`);
  return EXIT.environment;
}

/** A full disk or a missing permission needs no stack. */
const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string';

/** One line; in a terminal, wrapped between words. */
export function say(line: string): void {
  const lines = wrapped(`resumeproof: ${line.split('\n')[0]}`, columnsOf(process.stderr), '', '  ');
  printError(`${lines.join('\n')}\n`);
}

/** Shows the last lines that a program has written to its standard error. */
export const sayLast = (lines: readonly string[]): void => {
  for (const line of lines) printError(`  | ${line}\n`);
};

const TWICE_MS = 300;

/**
 * Returns a signal that aborts at the first Ctrl-C. Whoever started a process ends it. A second Ctrl-C ends this process
 * at once, as the system does it, even if this process is busy; its watchdog then ends what is left.
 * @param line what is said at the first one
 */
export function onInterrupt(line = 'interrupted: stopping all processes …'): AbortSignal {
  const stop = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const interrupt = (): void => {
    if (stop.signal.aborted) return;
    const stopListening = (): void => {
      for (const name of names) process.removeListener(name, interrupt);
    };
    // The same Ctrl-C may come twice: from the terminal, and passed on by npm.
    setTimeout(stopListening, TWICE_MS).unref();
    // The live display hides the cursor, and may not come to show it again.
    if (process.stderr.isTTY) process.stderr.write('\u001b[?25h');
    say(line);
    stop.abort();
  };
  for (const name of names) process.on(name, interrupt);
  return stop.signal;
}

/**
 * From now on, a reader that is gone, as in `resumeproof list | head`, is no error. Output that cannot be written for
 * another reason, such as a full disk, is one.
 */
export function watchOutput(): void {
  let failed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || failed) return;
    failed = true;
    say(`cannot write to standard output: ${error.message}`);
  });
  // If errors cannot be written, there is nobody left to tell.
  process.stderr.on('error', () => {});
  process.on('exit', (code) => {
    if (failed && code === EXIT.passed) process.exitCode = EXIT.environment;
  });
}

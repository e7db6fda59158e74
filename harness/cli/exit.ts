/** Exit codes, and how an error becomes one line and one of them. */
import { BackendError } from '../backend/error.ts';
import { FaultError } from '../faults/find.ts';
import { UsageError } from '../run/scenario.ts';
import { printError } from './print.ts';

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
  if (error instanceof UsageError || error instanceof FaultError) {
    say(error.message);
    return EXIT.usage;
  }
  say((error as Error).message ?? String(error));
  // An unexpected kind of error is a bug in the harness, so print its stack.
  if (!(error instanceof BackendError) && !isSystemError(error)) printError(`${(error as Error).stack}\n`);
  return EXIT.environment;
}

/** A full disk or a missing permission needs no stack. */
const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException).syscall === 'string';

export function say(line: string): void {
  printError(`resumeproof: ${line.split('\n')[0]}\n`);
}

/** Returns a signal that aborts at the first Ctrl-C. Whoever started a process ends it. */
export function onInterrupt(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return;
      say('interrupted: stopping all processes …');
      stop.abort();
    });
  }
  return stop.signal;
}

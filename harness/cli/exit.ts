/** Exit codes, and how an error becomes one line and one of them. */
import { BackendError } from '../backend/error.ts';
import { FaultError } from '../faults/find.ts';
import { UsageError } from '../run/scenario.ts';

export const EXIT = {
  passed: 0,
  /** A scenario is not as expected, or nothing was proven. */
  failed: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** The harness or its environment failed. */
  environment: 3,
  /** Ended by Ctrl-C; what was finished is kept. */
  interrupted: 130,
} as const;

/** Prints the error in one line on standard error and returns the exit code that it means. */
export function fail(error: unknown): number {
  if (error instanceof UsageError || error instanceof FaultError) {
    say(error.message);
    return EXIT.usage;
  }
  say((error as Error).message ?? String(error));
  // An error of a kind that nobody foresaw is a defect here: its place is worth more than a clean screen.
  if (!(error instanceof BackendError) && !isSystemError(error))
    process.stderr.write(`${(error as Error).stack}\n`);
  return EXIT.environment;
}

/** A full disk, a missing permission and their like explain themselves. */
const isSystemError = (error: unknown): boolean =>
  typeof (error as NodeJS.ErrnoException).syscall === 'string';

export function say(line: string): void {
  process.stderr.write(`resumeproof: ${line.split('\n')[0]}\n`);
}

/** A signal that is given at the first Ctrl-C; the processes under way are then ended by whoever started them. */
export function onInterrupt(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return;
      say('interrupted: ending every process …');
      stop.abort();
    });
  }
  return stop.signal;
}

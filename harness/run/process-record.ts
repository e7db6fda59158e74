/** What a parent writes of a process that has ended, and how long it waits for it. */
import type { ProcessRecord } from '../trace/schema.ts';

/** Timers take no longer time: they would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Of the files that a process leaves. */
const FILES_TOLD = 20;
const FILE_LENGTH = 1000;

export const timerAfter = (milliseconds: number, act: () => void): NodeJS.Timeout =>
  setTimeout(act, Math.min(milliseconds, LONGEST_MS));

/** @param left the files that it left where no other process sees them */
export const processRecord = (
  {
    exitCode,
    signal,
    lastLines,
  }: Pick<ProcessRecord, 'exitCode' | 'signal'> & { readonly lastLines: readonly string[] },
  outcome: ProcessRecord['outcome'],
  seconds: number,
  left: readonly string[],
): ProcessRecord => ({
  kind: 'process',
  outcome,
  exitCode,
  signal,
  seconds,
  stderr: [...lastLines],
  ...(left.length === 0 ? {} : { left: left.slice(0, FILES_TOLD).map((file) => file.slice(0, FILE_LENGTH)) }),
});

/**
 * A mark in the environment of a process, by which everything that it started is found and ended. A process inherits
 * the mark whatever session or group it puts itself in. Only Linux lets others read an environment (in /proc);
 * elsewhere, and for a process that was started with an emptied environment, only its process group is ended.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as passing } from 'node:timers/promises';

export const VARIABLE = 'RESUMEPROOF_MARKS';
const ROUND_MS = 10;
/** A process that forks faster than it is ended is left after two seconds. */
const ROUNDS = 200;

/** Anything else could stand in the environment of a process that is not to be ended. */
const MARK = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const newMark = (): string => randomUUID();

/** The environment of a marked process. It keeps the marks of outer gates, which end this process too. */
export const markedWith = (...marks: readonly string[]): Record<string, string> => ({
  [VARIABLE]: [process.env[VARIABLE] ?? '', ...marks].join(' ').trim(),
});

/** Ends the process group of `pid`, which was started as its leader. On Windows, only the process itself. */
export function endGroup(pid: number, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It is gone.
  }
}

/** Ends every process with the mark, but not this one. Repeats until none is left, since they may fork meanwhile. */
export async function endMarked(mark: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = findMarked(mark);
    if (found.length === 0) return;
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It is gone.
      }
    }
    await passing(ROUND_MS);
  }
}

/** The processes with the mark, but not this one. */
export function findMarked(mark: string): number[] {
  if (process.platform !== 'linux' || !MARK.test(mark)) return [];
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid !== process.pid && carries(pid, mark));
  } catch {
    return [];
  }
}

/** A process that has ended, or that belongs to another user, has no readable environment. */
function carries(pid: number, mark: string): boolean {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    const own = variables.find((variable) => variable.startsWith(`${VARIABLE}=`));
    return (
      own
        ?.slice(VARIABLE.length + 1)
        .split(' ')
        .includes(mark) ?? false
    );
  } catch {
    return false;
  }
}

/** Whether processes are gone, for tests that end them. */
import { readFileSync } from 'node:fs';
import { setTimeout as passing } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Of these processes, those that still run after a generous while. One that only awaits its parent does not run. */
export async function survivors(pids: readonly number[]): Promise<number[]> {
  const end = performance.now() + LIMIT_MS;
  for (;;) {
    const left = pids.filter(runs);
    if (left.length === 0 || performance.now() > end) return left;
    await passing(50);
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // The state follows the name, which stands in parentheses and may hold any character.
    return !/^\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*(?=\) )/s, ''));
  } catch {
    return false;
  }
}

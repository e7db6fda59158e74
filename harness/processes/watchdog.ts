/**
 * A process that ends this process's children once this process is gone, however it ended. A child cannot do so itself:
 * a busy one never learns that its parent is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { markedWith, newMark } from './mark.ts';

// Same extension as this file: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`watchdog-process${path.extname(import.meta.url)}`, import.meta.url));

/** The mark of all children of this process. */
const own = newMark();
const running = new Set<number>();
let watchdog: ChildProcess | undefined;

/** The environment of a child of this process, with a mark of its own. */
export const childMarks = (mark: string): Record<string, string> => markedWith(own, mark);

/** Starts the watchdog if there is none. Call it before the first child starts. */
export function watch(): void {
  if (watchdog !== undefined) return;
  // In a session of its own, so that Ctrl-C and the end of the terminal leave it.
  const started = spawn(process.execPath, ['--no-warnings', entry, own], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
    detached: true,
    windowsHide: true,
  });
  watchdog = started;
  const lost = (): void => {
    if (watchdog === started) watchdog = undefined;
  };
  started.on('error', lost);
  started.on('exit', lost);
  started.stdin?.on('error', lost);
  // It must not keep this process alive.
  started.unref();
  (started.stdin as { unref?: () => void } | null)?.unref?.();
  for (const pid of running) say(`+${pid}`);
}

export function begun(pid: number): void {
  running.add(pid);
  say(`+${pid}`);
}

export function over(pid: number): void {
  running.delete(pid);
  say(`-${pid}`);
}

const say = (line: string): void => void watchdog?.stdin?.write(`${line}\n`);

/**
 * Waits beside a program for files by which its recorder says that it holds it, or kills it in a save; docs/recorder.md
 * describes them.
 */
import { existsSync, rmSync } from 'node:fs';

const EVERY_MS = 20;

/** The file that a recorder makes when it holds the program after a step. The program goes on once it is gone. */
export const heldFile = (trace: string, step: number): string => `${trace}.held-${step}`;

/**
 * @param steps ascending
 * @param act called while the program is held; whether it is to go on then
 * @returns ends it, once what has begun is done. Rejects as `act` does
 */
export function watchHolds(
  trace: string,
  steps: readonly number[],
  act: (step: number) => Promise<boolean>,
): () => Promise<void> {
  const open = [...steps];
  let acting: Promise<void> | undefined;
  const release = async (step: number): Promise<void> => {
    if (!(await act(step))) return;
    rmSync(heldFile(trace, step), { force: true });
    acting = undefined;
  };
  const look = (): void => {
    if (acting !== undefined || open.length === 0 || !existsSync(heldFile(trace, open[0]!))) return;
    acting = release(open.shift()!);
    acting.catch(() => {});
  };
  const timer = open.length === 0 ? undefined : setInterval(look, EVERY_MS);
  return async () => {
    clearInterval(timer);
    await acting;
    for (const step of steps) rmSync(heldFile(trace, step), { force: true });
  };
}

/** The file that a recorder makes before it kills its process in the save after a step. */
const killedFile = (trace: string, step: number): string => `${trace}.killed-${step}`;

/**
 * @param act called once the process kills itself in the save after that step: what started it may still run
 * @returns ends it; whether the process killed itself
 */
export function watchKill(trace: string, step: number, act: () => void): () => boolean {
  const file = killedFile(trace, step);
  const timer = setInterval(() => {
    if (existsSync(file)) act();
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    const isThere = existsSync(file);
    rmSync(file, { force: true });
    return isThere;
  };
}

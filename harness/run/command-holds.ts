/** Waits beside a program that its recorder holds after steps of its history; docs/recorder.md describes the files. */
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

/** Runs one task on a backend in its own process, because the backend may crash or hang. */
import { startProcess } from '../processes/start.ts';

export interface OneShotOptions<Message> {
  readonly timeLimitMs: number;
  readonly onMessage: (message: Message) => void;
  readonly cancelSignal?: AbortSignal;
}

export interface OneShotEnd {
  readonly timedOut: boolean;
  readonly signal: string | undefined;
  /** Such as `ended with code 1`. */
  readonly ended: string;
  /** The last line of stderr after a colon; empty if there is none. */
  readonly lastWords: string;
}

/**
 * Starts a process of Node and waits until it exits. Never throws if the process fails.
 * @param args options of Node and the module, then its arguments
 */
export async function runOneShot<Message>(
  args: readonly string[],
  { timeLimitMs, onMessage, cancelSignal }: OneShotOptions<Message>,
): Promise<OneShotEnd> {
  let timedOut = false;
  // It runs no code but this package's own, so its messages are as that writes them.
  const child = startProcess({
    args,
    onMessage: (message) => onMessage(message as Message),
  });
  const timer = setTimeout(() => {
    timedOut = true;
    child.end();
  }, timeLimitMs);
  if (cancelSignal?.aborted) child.end();
  cancelSignal?.addEventListener('abort', child.end, { once: true });
  const { exitCode, signal, lastLines } = await child.ended;
  clearTimeout(timer);
  cancelSignal?.removeEventListener('abort', child.end);
  const last = lastLines.at(-1)?.trim() ?? '';
  const ended = signal === null ? `ended with code ${exitCode}` : `was killed by ${signal}`;
  return { timedOut, signal: signal ?? undefined, ended, lastWords: last === '' ? '' : `: ${last}` };
}

/** Runs one task on a backend in its own process, because the backend may crash or hang. */
import { execa } from 'execa';

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

/** Starts the module and waits until it exits. Never throws if the process fails. */
export async function runOneShot<Message>(
  module: string,
  args: readonly string[],
  { timeLimitMs, onMessage, cancelSignal }: OneShotOptions<Message>,
): Promise<OneShotEnd> {
  const child = execa(process.execPath, ['--no-warnings', module, ...args], {
    ipc: true,
    serialization: 'json',
    stdin: 'ignore',
    reject: false,
    timeout: timeLimitMs,
    maxBuffer: 1_000_000,
    ...(cancelSignal && { cancelSignal }),
    // A process that hangs in a driver does not react to SIGTERM.
    killSignal: 'SIGKILL',
  });
  child.on('message', onMessage);
  const { timedOut, signal, exitCode, stderr } = await child;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const ended = signal === undefined ? `ended with code ${exitCode}` : `was killed by ${signal}`;
  return { timedOut, signal, ended, lastWords: last === '' ? '' : `: ${last}` };
}

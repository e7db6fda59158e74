/** A process that does one thing on a backend, sends what it found and exits: what it opens may crash or hang. */
import { execa } from 'execa';

export interface OneShotOptions<Message> {
  readonly timeLimitMs: number;
  readonly onMessage: (message: Message) => void;
  readonly cancelSignal?: AbortSignal;
}

export interface OneShotEnd {
  readonly timedOut: boolean;
  readonly signal: string | undefined;
  /** `ended with code 1`. */
  readonly ended: string;
  /** What it said last, after a colon; nothing where it said nothing. */
  readonly lastWords: string;
}

/** Starts the module and waits for its end. Never throws for what it does. */
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
    // A hung driver does not answer a polite signal.
    killSignal: 'SIGKILL',
  });
  child.on('message', onMessage);
  const { timedOut, signal, exitCode, stderr } = await child;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const ended = signal === undefined ? `ended with code ${exitCode}` : `was ended by ${signal}`;
  return { timedOut, signal, ended, lastWords: last === '' ? '' : `: ${last}` };
}

/** Runs measurements in fresh processes, because TensorFlow.js keeps global state. */
import path from 'node:path';
import { execa } from 'execa';

// The same extension as this file: .ts from source, .js in the bundle.
const EXTENSION = path.extname(import.meta.url);

/**
 * Runs `scripts/bench/<program>` and returns the figures that it sends as its only message.
 * @throws {Error} with the first error that the process printed, if it ends without figures
 */
export async function inProcess<T>(
  program: 'steps' | 'judge' | 'healthy' | 'hostile',
  args: readonly string[],
  signal?: AbortSignal,
): Promise<T> {
  const entry = path.join(import.meta.dirname, `${program}${EXTENSION}`);
  const child = execa(process.execPath, ['--no-warnings', entry, ...args], {
    ipc: true,
    serialization: 'json',
    stdin: 'ignore',
    reject: false,
    ...(signal && { cancelSignal: signal, killSignal: 'SIGKILL' }),
  });
  const { ipcOutput, stderr } = await child;
  const [figures] = ipcOutput as [T?];
  if (figures !== undefined) return figures;
  const why = signal?.aborted
    ? 'there was no time left'
    : (stderr.split('\n').find((line) => /[Ee]rror/.test(line)) ?? 'it printed no error');
  throw new Error(`${program} ${args.join(' ')}: the process ended early: ${why}`);
}

/** Measures training steps side by side: bare and probed, or unfused and fused. */
export const measureSteps = <T>(
  what: 'probe' | 'fused',
  rounds: number,
  which: readonly string[],
  signal?: AbortSignal,
): Promise<T> => inProcess('steps', [what, String(rounds), ...which], signal);

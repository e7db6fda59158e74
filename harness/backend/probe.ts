/** Tries every backend for real, each in a fresh process, so that one that crashes or hangs takes no other along. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { oneLine } from './error.ts';
import { BACKENDS, type BackendName } from './opened.ts';

export interface BackendReport {
  readonly name: BackendName;
  /** It opened, and one training step gave the known result. */
  readonly usable: boolean;
  /** It ran on a hardware GPU. */
  readonly hardware: boolean;
  readonly device: string | null;
  readonly driver: string | null;
  /** Of the whole process, start-up included. */
  readonly milliseconds: number;
  readonly problem: string | null;
  /** The one command that would mend the problem. */
  readonly remedy: string | null;
}

/** What the process sends back. */
export type ProbeAnswer = Omit<BackendReport, 'name' | 'milliseconds'>;

const TIME_LIMIT_MS = 30_000;
const NOTHING = { usable: false, hardware: false, device: null, driver: null, remedy: null };

// The same file name with the extension of this one: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`probe-process${path.extname(import.meta.url)}`, import.meta.url));

/** All backends, side by side. Never throws for what a backend does. */
export function probeBackends(): Promise<BackendReport[]> {
  return Promise.all(BACKENDS.map((name) => probeBackend(name)));
}

export async function probeBackend(name: BackendName, timeLimitMs = TIME_LIMIT_MS): Promise<BackendReport> {
  const start = performance.now();
  let answer: ProbeAnswer | undefined;
  const child = execa(process.execPath, ['--no-warnings', entry, name], {
    ipc: true,
    serialization: 'json',
    stdin: 'ignore',
    reject: false,
    timeout: timeLimitMs,
    maxBuffer: 1_000_000,
    // A hung driver does not answer a polite signal.
    killSignal: 'SIGKILL',
  });
  child.on('message', (message: ProbeAnswer) => {
    answer = message;
  });
  const result = await child;
  const milliseconds = Math.round(performance.now() - start);
  if (result.timedOut) {
    return {
      name,
      ...NOTHING,
      milliseconds,
      problem: `it gave no answer within ${timeLimitMs / 1000} s and was ended`,
    };
  }
  if (answer === undefined || result.signal !== undefined) {
    const how =
      result.signal === undefined ? `ended with code ${result.exitCode}` : `was ended by ${result.signal}`;
    const last = result.stderr.trim().split('\n').at(-1) ?? '';
    const said = last === '' ? '' : `: ${oneLine(last)}`;
    return { name, ...NOTHING, milliseconds, problem: `its process ${how}${said}` };
  }
  return { name, ...answer, milliseconds };
}

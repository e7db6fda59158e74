/** Tries every backend for real, each in a fresh process, so that one that crashes or hangs takes no other along. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackendError, oneLine } from './error.ts';
import { BACKENDS, type BackendName, onProcessor } from './names.ts';
import { runOneShot } from './one-shot.ts';

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
  /** The one command that would fix the problem. */
  readonly fix: string | null;
}

/** What the process sends back. */
export type Inspection = Omit<BackendReport, 'name' | 'milliseconds'>;

const TIME_LIMIT_MS = 30_000;
const NOTHING = { usable: false, hardware: false, device: null, driver: null, fix: null };

// The same file name with the extension of this one: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`inspect-process${path.extname(import.meta.url)}`, import.meta.url));

/** All backends, side by side. Never throws for what a backend does. */
export function inspectBackends(): Promise<BackendReport[]> {
  return Promise.all(BACKENDS.map((name) => inspectBackend(name)));
}

/**
 * Opens what a gate asks for once, in a process of its own, so that a backend that is not there ends the gate
 * before any scenario starts. Tells whether it is a GPU in software, on which a step takes seconds.
 * @throws BackendError with the reason and the command that fixes it
 */
export async function requireBackend(
  requested: string,
  requireGpu: boolean,
): Promise<{ readonly softwareGpu: boolean }> {
  if (!requireGpu && onProcessor(requested)) return { softwareGpu: false };
  const { usable, hardware, problem, fix } = await ask(requested, requireGpu, TIME_LIMIT_MS);
  if (!usable) throw new BackendError(requireGpu ? 'gpu-required' : 'failed', problem!, fix);
  return { softwareGpu: requested === 'webgpu' && !hardware };
}

export async function inspectBackend(name: BackendName, timeLimitMs = TIME_LIMIT_MS): Promise<BackendReport> {
  const start = performance.now();
  const answer = await ask(name, false, timeLimitMs);
  return { name, ...answer, milliseconds: Math.round(performance.now() - start) };
}

async function ask(requested: string, requireGpu: boolean, timeLimitMs: number): Promise<Inspection> {
  let answer: Inspection | undefined;
  const { timedOut, signal, ended, lastWords } = await runOneShot<Inspection>(
    entry,
    [requested, String(requireGpu)],
    {
      timeLimitMs,
      onMessage: (message) => {
        answer = message;
      },
    },
  );
  if (timedOut) {
    return { ...NOTHING, problem: `it gave no answer within ${timeLimitMs / 1000} s and was ended` };
  }
  return answer === undefined || signal !== undefined
    ? { ...NOTHING, problem: oneLine(`its process ${ended}${lastWords}`) }
    : answer;
}

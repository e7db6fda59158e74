/** Tries each backend in a fresh process, so that one that crashes or hangs does not affect the others. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BackendError, oneLine } from './error.ts';
import { BACKENDS, type BackendName, onProcessor } from './names.ts';
import { runOneShot } from './one-shot.ts';

export interface BackendReport {
  readonly name: BackendName;
  /** The backend opened, and one training step gave the known result. */
  readonly usable: boolean;
  /** The backend ran on a hardware GPU. */
  readonly hardware: boolean;
  readonly device: string | null;
  readonly driver: string | null;
  /** Duration of the whole process, including startup. */
  readonly milliseconds: number;
  readonly problem: string | null;
  /** The command that fixes the problem, if there is one. */
  readonly fix: string | null;
}

/** What the probe's process sends back. */
export type Inspection = Omit<BackendReport, 'name' | 'milliseconds'>;

const TIME_LIMIT_MS = 30_000;
const NOTHING = { usable: false, hardware: false, device: null, driver: null, fix: null };

// Same extension as this file: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`inspect-process${path.extname(import.meta.url)}`, import.meta.url));

/** Probes all backends in parallel. Never throws if a backend fails. */
export function inspectBackends(): Promise<BackendReport[]> {
  return Promise.all(BACKENDS.map((name) => inspectBackend(name)));
}

/**
 * Opens the gate's backend once in its own process, so that a missing backend fails the gate before any scenario
 * starts. Returns whether it is a software GPU, where one step takes seconds.
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
    [entry, requested, String(requireGpu)],
    {
      timeLimitMs,
      onMessage: (message) => {
        answer = message;
      },
    },
  );
  if (timedOut) {
    return { ...NOTHING, problem: `no answer within ${timeLimitMs / 1000} s; the process was killed` };
  }
  return answer === undefined || signal !== undefined
    ? { ...NOTHING, problem: oneLine(`its process ${ended}${lastWords}`) }
    : answer;
}

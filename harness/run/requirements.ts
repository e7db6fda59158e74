/** Checks before a run starts that its images and its backends exist. */
import { statSync } from 'node:fs';
import { requireBackend } from '../backend/inspect.ts';
import { onProcessor } from '../backend/names.ts';
import type { LoadedScenario } from './scenario.ts';
import { UsageError } from './usage-error.ts';

/** @throws {UsageError} when `--images` is not a folder */
export function requireImages(images: string | undefined): void {
  if (images === undefined || statSync(images, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`--images: no folder at ${images}`);
}

export interface BackendRequest {
  readonly backend: string;
  readonly requireGpu: boolean;
  /** Replaces the backends that the plans resume on. */
  readonly resumeOn?: readonly string[];
}

/**
 * Opens each backend that the scenarios will run on. Returns whether one of them is a software GPU.
 * @throws BackendError of the first that cannot be used
 */
export async function requireBackends(
  scenarios: readonly Pick<LoadedScenario, 'history' | 'scenario'>[],
  { backend, requireGpu, resumeOn }: BackendRequest,
): Promise<boolean> {
  const trainers = scenarios.filter(({ scenario }) => scenario.command === undefined);
  if (trainers.length === 0 && scenarios.length > 0) return false;
  const others = new Set(
    resumeOn ?? trainers.flatMap(({ history }) => history.processes.flatMap(({ backend: own }) => own ?? [])),
  );
  others.delete(backend);
  const opened = [
    await requireBackend(backend, requireGpu),
    ...(await Promise.all([...others].map((name) => requireBackend(name, requireGpu && !onProcessor(name))))),
  ];
  return opened.some(({ softwareGpu }) => softwareGpu);
}

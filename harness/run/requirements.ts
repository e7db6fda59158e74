/** What must be there before a run starts: its images and its backends. */
import { statSync } from 'node:fs';
import { requireBackend } from '../backend/inspect.ts';
import { onProcessor } from '../backend/names.ts';
import { type LoadedScenario, UsageError } from './scenario.ts';

/** @throws {UsageError} when `--images` is no folder */
export function requireImages(images: string | undefined): void {
  if (images === undefined || statSync(images, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UsageError(`no folder of images at ${images}; give --images an existing one`);
}

export interface BackendRequest {
  readonly backend: string;
  readonly requireGpu: boolean;
  /** Instead of the backends on which the plans resume. */
  readonly resumeOn?: readonly string[];
}

/**
 * Opens each backend that the scenarios will run on. Tells whether one is a GPU in software.
 * @throws BackendError of the first that cannot be used
 */
export async function requireBackends(
  scenarios: readonly Pick<LoadedScenario, 'plan'>[],
  { backend, requireGpu, resumeOn }: BackendRequest,
): Promise<boolean> {
  const others = new Set(resumeOn ?? scenarios.flatMap(({ plan }) => plan.resumeOn ?? []));
  others.delete(backend);
  const opened = [
    await requireBackend(backend, requireGpu),
    ...(await Promise.all([...others].map((name) => requireBackend(name, requireGpu && !onProcessor(name))))),
  ];
  return opened.some(({ softwareGpu }) => softwareGpu);
}

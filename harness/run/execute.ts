/** Runs all the processes of a scenario, side by side as far as they do not depend on each other. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { onProcessor } from '../backend/names.ts';
import { wantedBackend } from '../judge/evidence.ts';
import { agree, NOISY_CONTROLS } from '../judge/noise.ts';
import type { Plan, Role, Trace } from '../trace/schema.ts';
import type { Job, Progress } from './job.ts';
import { type ProcessResult, runProcess } from './process.ts';
import type { LoadedScenario } from './scenario.ts';

export interface ExecuteOptions {
  readonly backend: string;
  readonly requireGpu: boolean;
  readonly images: string | undefined;
  readonly cold: boolean;
  /** The scenario's own folder in the report. */
  readonly folder: string;
  readonly limit: LimitFunction;
  readonly signal: AbortSignal;
  readonly onProgress: (role: Role, segment: number, progress: Progress) => void;
  /** Told of each process's trace once it has ended. */
  readonly onTrace?: (trace: Trace) => void;
}

export interface Execution {
  /** control, twins (on a backend that is not deterministic), before, each after, cold (if asked for). */
  readonly traces: readonly Trace[];
  readonly skip: string | undefined;
}

const DEFAULT_LIMITS = { step: 120, run: 900 };

export async function executeScenario(loaded: LoadedScenario, options: ExecuteOptions): Promise<Execution> {
  const { plan } = loaded;
  // What an earlier run left here must not be taken for this one's.
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(path.join(options.folder, 'checkpoints'), { recursive: true });

  const start = async (role: Role, segment: number, part: Partial<Job> = {}): Promise<ProcessResult> => {
    const backend = part.backend ?? wantedBackend(plan, options.backend, role, segment);
    const result = await options.limit(() =>
      runProcess(
        {
          scenario: loaded.name,
          file: loaded.file,
          role,
          segment,
          plan,
          seed: loaded.scenario.seed ?? 0,
          backend,
          requireGpu: options.requireGpu && !onProcessor(backend),
          images: options.images ?? null,
          folder: path.join(options.folder, segment === 0 || role === 'cold' ? role : `${role}-${segment}`),
          checkpoint: null,
          saveTo: null,
          ...part,
        },
        {
          limits: { ...DEFAULT_LIMITS, ...loaded.scenario.limits },
          signal: options.signal,
          onProgress: (progress) => {
            options.onProgress(role, segment, progress);
            if (role === 'control' && progress.kind === 'started') controlStarted(progress);
          },
        },
      ),
    );
    options.onTrace?.(result.trace);
    return result;
  };
  let twin: Promise<ProcessResult> | undefined;
  let elsewhere: readonly Promise<ProcessResult>[] = [];
  const controlStarted = (started: Extract<Progress, { kind: 'started' }>): void => {
    if (started.skip !== undefined) return;
    if (!started.deterministic) twin = start('twin', 1);
    // How far a run on one backend lies from one on another is noise, too: there is a control on each.
    const others = [...new Set(plan.resumeOn)].filter((backend) => backend !== started.backend);
    elsewhere = others.map((backend, index) => start('twin', NOISY_CONTROLS + index, { backend }));
  };
  const control = start('control', 0);
  const twins = control.then(async (own) => [
    ...(await twinsOf(own, twin, start)),
    ...(await Promise.all(elsewhere)),
  ]);
  const interrupted = await runInterrupted(plan, options.folder, options.cold, start);
  const results = [await control, ...(await twins), ...(await Promise.all(interrupted))];
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
  };
}

/**
 * A second control where equal programs need not give equal bits; and where the two differ, more, by which
 * the noise is measured. Where they agree, nothing more is to be learned.
 */
async function twinsOf(
  control: ProcessResult,
  first: Promise<ProcessResult> | undefined,
  start: (role: Role, segment: number) => Promise<ProcessResult>,
): Promise<readonly ProcessResult[]> {
  if (first === undefined) return [];
  const twin = await first;
  if (twin.trace.end === undefined || agree([control.trace, twin.trace])) return [twin];
  const further = Array.from({ length: NOISY_CONTROLS - 2 }, (_, index) => start('twin', index + 2));
  return [twin, ...(await Promise.all(further))];
}

/** `before`, then each `after` once its checkpoint is there; stops at the first that failed to save. */
async function runInterrupted(
  plan: Plan,
  folder: string,
  wantsCold: boolean,
  start: (role: Role, segment: number, part: Partial<Job>) => Promise<ProcessResult>,
): Promise<Promise<ProcessResult>[]> {
  const checkpointAt = (index: number): string | null =>
    index < plan.resumeAt.length ? path.join(folder, 'checkpoints', `step-${plan.resumeAt[index]}`) : null;
  const before = await start('before', 0, { saveTo: checkpointAt(0) });
  const results: Promise<ProcessResult>[] = [Promise.resolve(before)];
  if (before.trace.end === undefined) return results;
  const cold = wantsCold ? start('cold', 1, { checkpoint: checkpointAt(0) }) : undefined;
  for (let segment = 1; segment <= plan.resumeAt.length; segment++) {
    const after = await start('after', segment, {
      checkpoint: checkpointAt(segment - 1),
      saveTo: checkpointAt(segment),
    });
    results.push(Promise.resolve(after));
    if (after.trace.end === undefined) break;
  }
  if (cold !== undefined) results.push(cold);
  return results;
}

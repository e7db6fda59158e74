/** Starts the processes of one scenario. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { onProcessor } from '../backend/names.ts';
import { idOf, sourceOf } from '../trace/plan.ts';
import { traceReader } from '../trace/read.ts';
import { resumes } from '../trace/roles.ts';
import type { Plan, Role, Trace } from '../trace/schema.ts';
import { runAlone } from './alone.ts';
import { awaitedLater } from './failing.ts';
import type { Job, Progress } from './job.ts';
import type { ProcessOptions, ProcessResult } from './process.ts';
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
  /** Fault files for which the control reports whether they apply; none by default. */
  readonly ask?: readonly string[];
  /** Called with each process's trace once the process has ended. */
  readonly onTrace?: (trace: Trace) => void;
}

/** The backend that a plan requests for a process; 'auto' allows any. */
const wantedBackend = (plan: Plan, requested: string, role: Role, segment: number): string =>
  resumes(role) ? (plan.resumeOn?.[segment - 1] ?? requested) : requested;

const DEFAULT_LIMITS = { step: 120, run: 900 };

/** Starts one of a scenario's processes once a slot is free. */
export type Start = (
  role: Role,
  segment: number,
  part?: Partial<Job>,
  onAsk?: ProcessOptions['onAsk'],
) => Promise<ProcessResult>;

export function starter(loaded: LoadedScenario, options: ExecuteOptions, fault: string | null = null): Start {
  const { plan } = loaded;
  const read = traceReader();
  const run: Start = async (role, segment, part = {}, onAsk = undefined) => {
    const backend = part.backend ?? wantedBackend(plan, options.backend, role, segment);
    const result = await options.limit(() =>
      runAlone(
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
          folder: path.join(options.folder, idOf(role, segment)),
          work: null,
          checkpoint: null,
          from: sourceOf(role, segment),
          saveTo: null,
          savesIn: null,
          until: null,
          askAt: null,
          settle: false,
          fault,
          ask: role === 'control' ? [...(options.ask ?? [])] : [],
          ...part,
        },
        {
          sharesFolders: loaded.scenario.sharesFolders ?? false,
          limits: { ...DEFAULT_LIMITS, ...loaded.scenario.limits },
          signal: options.signal,
          read,
          onProgress: (progress) => options.onProgress(role, segment, progress),
          ...(onAsk === undefined ? {} : { onAsk }),
        },
      ),
    );
    options.onTrace?.(result.trace);
    return result;
  };
  return (...what) => awaitedLater(run(...what));
}

/**
 * Empties a scenario's folder, so that no file of an earlier run counts as this one's. Synchronous, because processes take
 * their slots in the order of these calls: scenarios and cells then run in the order in which they are listed.
 */
export function emptied(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'checkpoints'), { recursive: true });
}

/** Starts the processes of one scenario. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { onProcessor } from '../backend/names.ts';
import { planOf, resumePoints, settingsAt } from '../trace/history.ts';
import { traceReader } from '../trace/read.ts';
import type { Trace } from '../trace/schema.ts';
import { runAlone } from './alone.ts';
import { awaitedLater } from './failing.ts';
import type { Job } from './job.ts';
import type { Part } from './parts.ts';
import type { ProcessOptions, ProcessResult } from './process.ts';
import type { ProcessEvent } from './process-event.ts';
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
  readonly onProgress: (part: Part, event: ProcessEvent) => void;
  /** Fault files for which the control reports whether they apply; none by default. */
  readonly ask?: readonly string[];
  /** Called with each process's trace once the process has ended. */
  readonly onTrace?: (trace: Trace) => void;
}

const DEFAULT_LIMITS = { step: 120, run: 900 };

/** How a process is run, besides what it does. */
export interface How extends Partial<Pick<Job, 'checkpoint' | 'askAt' | 'settle'>> {
  /** By step: where a checkpoint is put once the process has ended; none is kept by default. */
  readonly keep?: ReadonlyMap<number, string>;
  readonly onAsk?: ProcessOptions['onAsk'];
}

/** Starts one of a scenario's processes once a slot is free. */
export type Start = (part: Part, how?: How) => Promise<ProcessResult>;

export function starter(loaded: LoadedScenario, options: ExecuteOptions, fault: string | null = null): Start {
  const { history, scenario } = loaded;
  const { changes = [] } = history;
  const read = traceReader();
  const run: Start = async (part, how = {}) => {
    const { id, role, from, until, saves, passes, killed = false, backend = options.backend } = part;
    const { inSave = null } = part;
    const { checkpoint = null, askAt = null, settle = false, keep = new Map(), onAsk } = how;
    const { steps = history.steps } = settingsAt(changes, from?.step ?? 0);
    const result = await options.limit(() => {
      options.onProgress(part, { kind: 'begins' });
      return runAlone(
        {
          scenario: loaded.name,
          file: loaded.file,
          role,
          id,
          plan: { ...planOf(history), steps, resumeAt: resumePoints(history) },
          horizon: history.steps,
          changes: [...changes],
          seed: scenario.seed ?? 0,
          backend,
          requireGpu: options.requireGpu && !onProcessor(backend),
          images: options.images ?? null,
          folder: path.join(options.folder, id),
          from,
          checkpoint,
          until,
          saves: [...saves],
          passes: [...passes],
          killed,
          inSave,
          askAt,
          settle,
          fault,
          ask: role === 'control' ? [...(options.ask ?? [])] : [],
        },
        {
          sharesFolders: scenario.sharesFolders ?? false,
          keep,
          limits: { ...DEFAULT_LIMITS, ...scenario.limits },
          signal: options.signal,
          read,
          onProgress: (progress) => options.onProgress(part, progress),
          ...(onAsk === undefined ? {} : { onAsk }),
        },
      );
    });
    options.onProgress(part, { kind: 'ended', trace: result.trace });
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

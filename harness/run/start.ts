/** Starts the processes of one scenario. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { onProcessor } from '../backend/names.ts';
import { planOf, resumePoints, settingsAt } from '../trace/history.ts';
import { traceReader } from '../trace/read.ts';
import type { Trace } from '../trace/schema.ts';
import { runAlone } from './alone.ts';
import { copied } from './checkpoint-files.ts';
import { awaitedLater } from './failing.ts';
import { checkpointName, type Job } from './job.ts';
import type { Part } from './parts.ts';
import type { ProcessOptions, ProcessResult } from './process.ts';
import type { ProcessEvent } from './process-event.ts';
import type { LoadedScenario } from './scenario.ts';
import { everyStep, forAll, type Shared } from './shared.ts';

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
  /** What other histories of the scenario have run; nothing by default. */
  readonly shared?: Shared;
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
  // What a control deviates from depends on where the history resumes.
  const shared = scenario.deviates === undefined ? options.shared : undefined;
  const resumeAt = shared === undefined ? resumePoints(history) : everyStep(history);
  const runIn = async (within: string, part: Part, how: How): Promise<ProcessResult> => {
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
          plan: { ...planOf(history), steps, resumeAt },
          horizon: history.steps,
          changes: [...changes],
          seed: scenario.seed ?? 0,
          backend,
          requireGpu: options.requireGpu && !onProcessor(backend),
          images: options.images ?? null,
          folder: path.join(within, id),
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
  const runShared = async (part: Part, how: How): Promise<ProcessResult> => {
    let isFirst = false;
    const whole = forAll(history, part);
    const kept = (within: string, step: number): string =>
      path.join(within, 'checkpoints', checkpointName(step));
    const own = { ...whole, backend: whole.backend ?? options.backend };
    const result = await shared!.once(history, own, (within) => {
      isFirst = true;
      return runIn(within, whole, {
        ...how,
        keep: new Map(part.saves.map((step) => [step, kept(within, step)])),
      });
    });
    const { trace, skip } = result;
    for (const [step, to] of how.keep ?? [])
      await copied(kept(path.dirname(path.dirname(trace.file)), step), to);
    if (!isFirst) {
      const { name, deterministic } = trace.run?.backend ?? {};
      if (name !== undefined && deterministic !== undefined)
        options.onProgress(part, { kind: 'started', backend: name, deterministic, ...(skip && { skip }) });
      options.onProgress(part, { kind: 'ended', trace });
    }
    return result;
  };
  const run: Start = (part, how = {}) =>
    shared !== undefined && part.from === null ? runShared(part, how) : runIn(options.folder, part, how);
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

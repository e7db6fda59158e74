/** Runs one job in a fresh operating-system process and writes to its trace how the process ended. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '../processes/start.ts';
import type { CheckpointRecord, ProcessRecord, Trace } from '../trace/schema.ts';
import { appendRecord } from '../trace/write.ts';
import { CACHES } from './caches.ts';
import { type Answer, type Job, type Progress, progressSchema } from './job.ts';
import { processRecord, timerAfter } from './process-record.ts';
import { nodeArguments } from './snapshot/arguments.ts';

export interface ProcessLimits {
  /** Most seconds from one step to the next; start-up and saving count as a step each. */
  readonly step: number;
  /** Seconds for the whole process. */
  readonly run: number;
}

export interface ProcessOptions {
  /** Variables of the environment, besides the parent's; none by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called once the process has ended: the files that it left where no other process sees them. */
  readonly left?: () => readonly string[];
  /** Called after that, with the steps after which the process has saved: records of what is in its checkpoints. */
  readonly contents?: (saved: ReadonlySet<number>) => Promise<readonly CheckpointRecord[]>;
  readonly limits: ProcessLimits;
  readonly onProgress: (progress: Progress) => void;
  /** Called with the trace so far when the job asks; the default answer is to go on. */
  readonly onAsk?: (trace: Trace) => Promise<boolean>;
  readonly signal: AbortSignal;
  /** Reads a trace. */
  readonly read: (file: string) => Promise<Trace>;
}

export interface ProcessResult {
  readonly trace: Trace;
  /** Why the scenario cannot run on this backend, if it cannot. */
  readonly skip: string | undefined;
}

// The extension of this file: .ts from source, .js when built.
const entry = fileURLToPath(new URL(`child${path.extname(import.meta.url)}`, import.meta.url));

/**
 * Starts the job and waits for its end. Throws if `onAsk` fails or the trace cannot be written or read, but never for
 * what the child does.
 */
export async function runProcess(job: Job, options: ProcessOptions): Promise<ProcessResult> {
  // Making a snapshot is not the process's time.
  const args = await nodeArguments(entry);
  const start = performance.now();
  let outcome: ProcessRecord['outcome'] = 'exited';
  let skip: string | undefined;
  const saved = new Set<number>();
  let kills = false;
  let answered: Promise<void> | undefined;
  const kill = (why: ProcessRecord['outcome']): void => {
    if (outcome !== 'exited') return;
    outcome = why;
    child.end();
  };
  let runTimer: NodeJS.Timeout | undefined;
  let stepTimer: NodeJS.Timeout | undefined;
  let runEnd = start + options.limits.run * 1000;
  const disarm = (): void => {
    clearTimeout(runTimer);
    clearTimeout(stepTimer);
  };
  const rearm = (): void => {
    disarm();
    runTimer = timerAfter(runEnd - performance.now(), () => kill('run-timeout'));
    stepTimer = timerAfter(options.limits.step * 1000, () => kill('step-timeout'));
  };

  const file = path.join(job.folder, 'trace.jsonl');
  const child = startProcess({
    args: [...args, JSON.stringify(job)],
    env: { ...CACHES, ...options.env },
    onMessage(message) {
      const parsed = progressSchema.safeParse(message);
      if (!parsed.success) return;
      const progress = parsed.data;
      rearm();
      if (progress.kind === 'started') skip = progress.skip;
      if (progress.kind === 'saved') saved.add(progress.step);
      if (progress.kind === 'ends') kills = job.killed;
      if (progress.kind === 'asks' && answered === undefined) {
        answered = answer();
        // Without an answer it would wait for ever.
        answered.catch(() => child.end());
      }
      options.onProgress(progress);
    },
  });
  rearm();
  const cancel = (): void => kill('cancelled');
  if (options.signal.aborted) cancel();
  options.signal.addEventListener('abort', cancel, { once: true });
  // The clock stops while the child waits for an answer. If the child is gone, its process record says so.
  const answer = async (): Promise<void> => {
    const asked = performance.now();
    disarm();
    const trace = await options.read(file);
    const goOn = (await options.onAsk?.({ ...trace, defect: undefined })) ?? true;
    runEnd += performance.now() - asked;
    rearm();
    child.send({ goOn } satisfies Answer);
  };
  const ended = await child.ended;
  await Promise.allSettled([answered]);
  disarm();
  options.signal.removeEventListener('abort', cancel);
  if (outcome === 'exited' && ended.exitCode !== 0) outcome = kills ? 'killed' : 'crashed';
  const left = options.left?.() ?? [];
  const contents = await options.contents?.(saved);
  for (const record of contents ?? []) appendRecord(file, record);
  appendRecord(file, processRecord(ended, outcome, (performance.now() - start) / 1000, left));
  await answered;
  return { trace: await options.read(file), skip };
}

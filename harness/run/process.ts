/** Runs one job in a fresh operating-system process and writes to its trace how the process ended. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { ProcessRecord, Trace } from '../trace/schema.ts';
import { appendRecord } from '../trace/write.ts';
import type { Answer, Job, Progress } from './job.ts';

const STDERR_LINES = 20;
const STDERR_LINE_LENGTH = 2000;

export interface ProcessLimits {
  /** Most seconds from one step to the next; start-up and saving count as a step each. */
  readonly step: number;
  /** Seconds for the whole process. */
  readonly run: number;
}

export interface ProcessOptions {
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

const sparing = new URL('sparing.mjs', import.meta.url).href;

/**
 * A short process spends most of its time reading and compiling imports, so the results are cached in node_modules.
 * Empty if there is no node_modules.
 */
const CACHES = cachesIn(nodeModules(import.meta.dirname));

function cachesIn(folder: string | undefined): Record<string, string> {
  if (folder === undefined) return {};
  const own = path.join(folder, '.cache', 'resumeproof');
  return {
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(own, 'compiled'),
    RESUMEPROOF_SPARED: path.join(own, 'spared'),
  };
}

/** The outermost node_modules around this folder, else the nearest one beside it or a parent. */
function nodeModules(from: string): string | undefined {
  const [outside, ...inside] = from.split(`${path.sep}node_modules${path.sep}`);
  if (inside.length > 0) return path.join(outside!, 'node_modules');
  const beside = path.join(from, 'node_modules');
  if (existsSync(beside)) return beside;
  const above = path.dirname(from);
  return above === from ? undefined : nodeModules(above);
}

/**
 * Starts the job and waits for its end. Throws if `onAsk` fails or the trace cannot be written or read, but never for
 * what the child does.
 */
export async function runProcess(job: Job, options: ProcessOptions): Promise<ProcessResult> {
  const start = performance.now();
  const stop = new AbortController();
  let outcome: ProcessRecord['outcome'] = 'exited';
  let skip: string | undefined;
  let answered: Promise<void> | undefined;
  const kill = (why: ProcessRecord['outcome']): void => {
    if (stop.signal.aborted) return;
    outcome = why;
    stop.abort();
  };
  const cancel = (): void => kill('cancelled');
  if (options.signal.aborted) cancel();
  options.signal.addEventListener('abort', cancel, { once: true });
  let runTimer: NodeJS.Timeout | undefined;
  let stepTimer: NodeJS.Timeout | undefined;
  let runEnd = start + options.limits.run * 1000;
  const disarm = (): void => {
    clearTimeout(runTimer);
    clearTimeout(stepTimer);
  };
  const rearm = (): void => {
    disarm();
    runTimer = setTimeout(() => kill('run-timeout'), runEnd - performance.now());
    stepTimer = setTimeout(() => kill('step-timeout'), options.limits.step * 1000);
  };
  rearm();

  const file = path.join(job.folder, 'trace.jsonl');
  const stderr: string[] = [];
  const child = execa(
    process.execPath,
    ['--no-warnings', `--import=${sparing}`, entry, JSON.stringify(job)],
    {
      env: CACHES,
      ipc: true,
      serialization: 'json',
      buffer: false,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      reject: false,
      cancelSignal: stop.signal,
      // A hung backend does not react to SIGTERM.
      killSignal: 'SIGKILL',
    },
  );
  child.on('message', (message: Progress) => {
    rearm();
    if (message.kind === 'started') skip = message.skip;
    if (message.kind === 'asks') {
      answered = answer();
      // Without an answer it would wait for ever.
      answered.catch(() => stop.abort());
    }
    options.onProgress(message);
  });
  // The clock stops while the child waits for an answer. If the child is gone, its process record says so.
  const answer = async (): Promise<void> => {
    const asked = performance.now();
    disarm();
    const trace = await options.read(file);
    const goOn = (await options.onAsk?.({ ...trace, defect: undefined })) ?? true;
    runEnd += performance.now() - asked;
    rearm();
    child.send({ goOn } satisfies Answer, () => {});
  };
  const [result] = await Promise.all([
    child,
    eachLine(child.iterable({ from: 'stderr' }), (line) => {
      stderr.push(line.slice(0, STDERR_LINE_LENGTH));
      if (stderr.length > STDERR_LINES) stderr.shift();
    }),
    // Read stdout, so that a chatty trainer does not block on a full pipe.
    eachLine(child.iterable({ from: 'stdout' }), () => {}),
  ]);
  await Promise.allSettled([answered]);
  disarm();
  options.signal.removeEventListener('abort', cancel);
  if (outcome === 'exited' && (result.exitCode !== 0 || result.signal !== undefined)) outcome = 'crashed';
  // Neither a code nor a signal: the system could not start it.
  const unstarted = outcome === 'crashed' && result.exitCode === undefined && result.signal === undefined;
  if (unstarted)
    stderr.push((result.originalMessage ?? result.shortMessage ?? '').slice(0, STDERR_LINE_LENGTH));

  appendRecord(file, {
    kind: 'process',
    outcome,
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    seconds: (performance.now() - start) / 1000,
    stderr,
  });
  await answered;
  return { trace: await options.read(file), skip };
}

async function eachLine(lines: AsyncIterable<string>, take: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) take(line);
  } catch {
    // A killed child's stream ends in an error; the process record says why.
  }
}

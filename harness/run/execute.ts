/** Runs all the processes of a scenario, side by side as far as they do not depend on each other. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { LimitFunction } from 'p-limit';
import { onProcessor } from '../backend/names.ts';
import { wantedBackend } from '../judge/evidence.ts';
import { agree, NOISY_CONTROLS } from '../judge/noise/noise.ts';
import { traceReader } from '../trace/read.ts';
import type { Plan, Role, Trace } from '../trace/schema.ts';
import { awaitedLater } from './failing.ts';
import type { Job, Progress } from './job.ts';
import { type ProcessOptions, type ProcessResult, runProcess } from './process.ts';
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
  /** Fault files of which the control is asked whether they apply; none by default. */
  readonly ask?: readonly string[];
  /** Told of each process's trace once it has ended. */
  readonly onTrace?: (trace: Trace) => void;
}

export interface Execution {
  /** control, twins (on a backend that is not deterministic), before, each after, cold (if asked for). */
  readonly traces: readonly Trace[];
  readonly skip: string | undefined;
  /** As far as it was run. */
  readonly plan: Plan;
  /** Why that is less than was asked for, if it is. */
  readonly cut: string | undefined;
}

const DEFAULT_LIMITS = { step: 120, run: 900 };

/** Starts one of a scenario's processes once there is room for it. */
type Start = (
  role: Role,
  segment: number,
  part?: Partial<Job>,
  onAsk?: ProcessOptions['onAsk'],
) => Promise<ProcessResult>;

function starter(loaded: LoadedScenario, options: ExecuteOptions, fault: string | null = null): Start {
  const { plan } = loaded;
  const read = traceReader();
  const run: Start = async (role, segment, part = {}, onAsk = undefined) => {
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
          until: null,
          askAt: null,
          settle: false,
          fault,
          ask: role === 'control' ? [...(options.ask ?? [])] : [],
          ...part,
        },
        {
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

/** What an earlier run left in the folder must not be taken for this one's. */
async function emptied(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.join(folder, 'checkpoints'), { recursive: true });
}

export async function executeScenario(loaded: LoadedScenario, options: ExecuteOptions): Promise<Execution> {
  const { plan } = loaded;
  await emptied(options.folder);
  let twin: Promise<ProcessResult> | undefined;
  let elsewhere: readonly Promise<ProcessResult>[] = [];
  const controlStarted = (started: Extract<Progress, { kind: 'started' }>): void => {
    if (started.skip !== undefined) return;
    if (!started.deterministic) twin = start('twin', 1);
    // How far a run on one backend lies from one on another is noise, too: there is a control on each.
    elsewhere = backendsBeside(plan, started.backend).map((backend, index) =>
      start('twin', NOISY_CONTROLS + index, { backend }),
    );
  };
  const start = starter(loaded, {
    ...options,
    onProgress: (role, segment, progress) => {
      options.onProgress(role, segment, progress);
      if (role === 'control' && progress.kind === 'started') controlStarted(progress);
    },
  });
  const control = start('control', 0);
  const twins = awaitedLater(
    control.then(async (own) => [...(await twinsOf(own, twin, start)), ...(await Promise.all(elsewhere))]),
  );
  const interrupted = await runInterrupted(plan, options.folder, options.cold, start);
  const results = [await control, ...(await twins), ...(await Promise.all(interrupted))];
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    plan,
    cut: undefined,
  };
}

/** The plan up to a step, with the resumes before it. */
function cutPlan(plan: Plan, steps: number): Plan {
  if (steps === plan.steps) return plan;
  const { resumeAt, resumeOn } = plan;
  const points = resumeAt.filter((step) => step < steps);
  return {
    steps,
    resumeAt: points,
    ...(resumeOn === undefined ? {} : { resumeOn: resumeOn.slice(0, points.length) }),
  };
}

/**
 * The same processes, each ended as soon as it has shown what the proofs need. The control ends once all that has
 * moved in its life has moved again after the last resume point, and so do those that go as far. Where that happens
 * after an earlier resume point, the process that was resumed there ends too if what was found settles the verdict.
 * @param settled whether what these traces show of this plan, cut after a resume point, cannot change any more
 */
export async function executeFast(
  loaded: LoadedScenario,
  options: ExecuteOptions,
  settled: (plan: Plan, traces: readonly Trace[]) => boolean,
): Promise<Execution> {
  const { plan } = loaded;
  await emptied(options.folder);
  const start = starter(loaded, options);
  const checkpoint = checkpointOf(plan, options.folder, 0);
  const [control, before] = await Promise.all([
    start('control', 0, { settle: true }),
    start('before', 0, { saveTo: checkpoint }),
  ]);
  const until = control.trace.end?.step ?? plan.steps;
  const alike: Start = (role, segment, part) => start(role, segment, { ...part, until });
  const controls = awaitedLater(controlsBeside(control, plan, alike));
  const saved = before.trace.end !== undefined;
  const cold = saved && options.cold ? alike('cold', 1, { checkpoint }) : undefined;
  const afters: ProcessResult[] = [];
  const soFar = async (): Promise<ProcessResult[]> => [
    control,
    ...(await controls),
    before,
    ...afters,
    ...(cold === undefined ? [] : [await cold]),
  ];
  let refutedAt: number | undefined;
  const resume: Start = async (role, segment, part) => {
    const askAt = part?.saveTo == null ? null : lookAfter(control.trace, plan, segment);
    // What asks keeps its place while it waits, which those that it waits for may need.
    if (askAt !== null) await soFar();
    return start(role, segment, { ...part, until, askAt }, async (trace) => {
      const traces = (await soFar()).map((own) => own.trace);
      if (!settled(cutPlan(plan, askAt!), [...traces, trace])) return true;
      refutedAt = askAt!;
      return false;
    });
  };
  for await (const { after } of saved ? resumesOf(plan, options.folder, checkpoint, resume) : []) {
    afters.push(after);
    if (refutedAt !== undefined) break;
  }
  const results = await soFar();
  const steps = refutedAt ?? until;
  const why =
    refutedAt === undefined
      ? 'all that had moved in the control had moved again'
      : 'what was found settles the verdict';
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    plan: cutPlan(plan, steps),
    cut: steps < plan.steps ? why : undefined,
  };
}

/** Where a control that settles first looked at itself between a resume point and the next; null where it did not. */
function lookAfter({ states }: Trace, { resumeAt }: Plan, segment: number): number | null {
  const [from, to] = [resumeAt[segment - 1]!, resumeAt[segment]!];
  return states.find(({ at, step }) => at === 'pass' && step > from && step < to)?.step ?? null;
}

/** Further controls of a control that has ended, as in a whole execution. */
async function controlsBeside(
  own: ProcessResult,
  plan: Plan,
  start: Start,
): Promise<readonly ProcessResult[]> {
  const backend = own.trace.run?.backend;
  if (backend === undefined || own.skip !== undefined) return [];
  const twin = backend.deterministic ? undefined : start('twin', 1);
  const elsewhere = backendsBeside(plan, backend.name).map((name, index) =>
    start('twin', NOISY_CONTROLS + index, { backend: name }),
  );
  return [...(await twinsOf(own, twin, start)), ...(await Promise.all(elsewhere))];
}

const backendsBeside = ({ resumeOn }: Plan, own: string): string[] =>
  [...new Set(resumeOn)].filter((backend) => backend !== own);

/**
 * The processes that a fault can change, with the fault in them: those that resume, and the one before them where it
 * changes what is saved; else the first one resumes from the healthy run's checkpoint.
 * @param healthy the folder of the scenario's healthy execution
 * @param settled asked after each resume but the last, with the traces so far, whether no more are needed
 * @returns the traces of `before`, if it was run, and of each `after`
 */
export async function executeFault(
  loaded: LoadedScenario,
  fault: { readonly file: string; readonly saves: boolean },
  healthy: string,
  settled: (traces: readonly Trace[]) => boolean,
  options: ExecuteOptions,
): Promise<readonly Trace[]> {
  const { plan } = loaded;
  await emptied(options.folder);
  const start = starter(loaded, options, fault.file);
  const traces: Trace[] = [];
  let checkpoint = checkpointOf(plan, healthy, 0);
  if (fault.saves) {
    checkpoint = checkpointOf(plan, options.folder, 0);
    const before = await start('before', 0, { saveTo: checkpoint });
    traces.push(before.trace);
    if (before.trace.end === undefined) return traces;
  }
  await runResumes(plan, options.folder, checkpoint, start, ({ trace }) => {
    traces.push(trace);
    return trace.run !== undefined && trace.run.segment < plan.resumeAt.length && settled(traces);
  });
  return traces;
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

/** Where the n-th save of a run goes, from 0; null after the last resume, which saves no more. */
const checkpointOf = (plan: Plan, folder: string, index: number): string | null =>
  index < plan.resumeAt.length ? path.join(folder, 'checkpoints', `step-${plan.resumeAt[index]}`) : null;

/** `before`, then each `after` once its checkpoint is there; and `cold` beside them. */
async function runInterrupted(
  plan: Plan,
  folder: string,
  wantsCold: boolean,
  start: Start,
): Promise<Promise<ProcessResult>[]> {
  const checkpoint = checkpointOf(plan, folder, 0);
  const before = await start('before', 0, { saveTo: checkpoint });
  const results: Promise<ProcessResult>[] = [Promise.resolve(before)];
  if (before.trace.end === undefined) return results;
  const cold = wantsCold ? start('cold', 1, { checkpoint }) : undefined;
  for (const after of await runResumes(plan, folder, checkpoint, start)) results.push(Promise.resolve(after));
  if (cold !== undefined) results.push(cold);
  return results;
}

/** Each `after` in turn, the first one from this checkpoint, to the first that came to no end or is enough. */
async function runResumes(
  plan: Plan,
  folder: string,
  first: string | null,
  start: Start,
  enough: (after: ProcessResult) => boolean = () => false,
): Promise<ProcessResult[]> {
  const results: ProcessResult[] = [];
  for await (const { after } of resumesOf(plan, folder, first, start)) {
    results.push(after);
    if (enough(after)) break;
  }
  return results;
}

/** Each `after` in turn, the first one from this checkpoint; stops at the first that came to no end. */
async function* resumesOf(
  plan: Plan,
  folder: string,
  first: string | null,
  start: Start,
): AsyncGenerator<{ readonly after: ProcessResult; readonly segment: number }> {
  let checkpoint = first;
  for (let segment = 1; segment <= plan.resumeAt.length; segment++) {
    const saveTo = checkpointOf(plan, folder, segment);
    const after = await start('after', segment, { checkpoint, saveTo });
    yield { after, segment };
    if (after.trace.end === undefined) return;
    checkpoint = saveTo;
  }
}

/** Runs all processes of a scenario, in parallel where they do not depend on each other. */
import path from 'node:path';
import type { Plan, Trace } from '../trace/schema.ts';
import { lastSaveOf } from './alone.ts';
import { sameFiles } from './checkpoint-files.ts';
import { type Controls, endedControls, startControls } from './controls.ts';
import { awaitedLater } from './failing.ts';
import type { ProcessResult } from './process.ts';
import { checkpointOf, runResumes } from './resumes.ts';
import type { LoadedScenario } from './scenario.ts';
import { type ExecuteOptions, emptied, type Start, starter } from './start.ts';

export interface Execution {
  /** control, twins (on a backend that is not deterministic), before, each after, cold (if asked for), saver. */
  readonly traces: readonly Trace[];
  readonly skip: string | undefined;
  /** The part of the plan that was run. */
  readonly plan: Plan;
  /** Why the plan was cut, if it was. */
  readonly cut: string | undefined;
}

export async function executeScenario(loaded: LoadedScenario, options: ExecuteOptions): Promise<Execution> {
  const { plan } = loaded;
  emptied(options.folder);
  let beside: Controls | undefined;
  let saver: Promise<ProcessResult> | undefined;
  const start = starter(loaded, {
    ...options,
    onProgress: (role, segment, progress) => {
      options.onProgress(role, segment, progress);
      if (role !== 'control' || progress.kind !== 'started' || progress.skip !== undefined) return;
      const { backend: name, deterministic } = progress;
      beside = startControls(plan, { name, deterministic }, start);
      saver = start('saver', 0);
    },
  });
  const control = start('control', 0);
  const controls = awaitedLater(control.then((own) => endedControls(own, beside, start)));
  const interrupted = await runInterrupted(plan, options.folder, options.cold, start);
  const results = [await control, ...(await controls), ...(await Promise.all(interrupted))];
  if (saver !== undefined) results.push(...(await savedAgain(loaded, options.folder, await saver, start)));
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    plan,
    cut: undefined,
  };
}

/**
 * The saver, and a process that resumes from its last save. That one is not needed where the interrupted run, which saves
 * once in each process, wrote the same bytes: a resume from them has been judged.
 */
async function savedAgain(
  { plan, scenario }: LoadedScenario,
  folder: string,
  saver: ProcessResult,
  start: Start,
): Promise<ProcessResult[]> {
  const segment = plan.resumeAt.length;
  const once = checkpointOf(plan, folder, segment - 1)!;
  const later = lastSaveOf(path.join(folder, 'saver'), path.basename(once));
  // What the interrupted run deviates from or saves on another backend, the saver does not write.
  const apart = segment < 2 || plan.resumeOn !== undefined || (scenario.deviates ?? []).length > 0;
  if (apart || saver.trace.end === undefined || (await sameFiles(once, later))) return [saver];
  return [saver, await start('again', segment, { checkpoint: later })];
}

/** Runs `before`, then each `after` once its checkpoint exists, and `cold` beside them. */
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

/**
 * Runs the processes that a fault can change: those that resume, and the one before them if the fault changes what is
 * saved. Without that one, the first resumes from the healthy run's checkpoint.
 * @param healthy the folder of the scenario's healthy execution
 * @param settled called after each resume but the last: whether the traces so far are enough
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
  emptied(options.folder);
  const start = starter(loaded, options, fault.file);
  const traces: Trace[] = [];
  let checkpoint = checkpointOf(plan, healthy, 0);
  if (fault.saves) {
    checkpoint = checkpointOf(plan, options.folder, 0);
    const before = await start('before', 0, { saveTo: checkpoint });
    traces.push(before.trace);
    if (before.trace.end === undefined) return traces;
  }
  let resumes = 0;
  await runResumes(plan, options.folder, checkpoint, start, ({ trace }) => {
    traces.push(trace);
    resumes += 1;
    return trace.run !== undefined && resumes < plan.resumeAt.length && settled(traces);
  });
  return traces;
}

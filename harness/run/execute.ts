/** Runs all processes of a scenario, in parallel where they do not depend on each other. */
import { type History, type HistoryProcess, isChain, resumePoints, resumesIn } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { copied, sameFiles } from './checkpoint-files.ts';
import { type Controls, endedControls, startControls } from './controls.ts';
import { awaitedLater } from './failing.ts';
import { againPart, coldPart, controlPart, saverPart } from './parts.ts';
import type { ProcessResult } from './process.ts';
import { beginIn, checkpointOf, resultsOf, runHistory } from './run-history.ts';
import type { LoadedScenario } from './scenario.ts';
import { type ExecuteOptions, emptied, type Start, starter } from './start.ts';

export interface Execution {
  /** control, twins (on a backend that is not deterministic), the history's processes, cold (if asked for), saver. */
  readonly traces: readonly Trace[];
  readonly skip: string | undefined;
  /** What was run: the scenario's own, or a part of it. */
  readonly history: History;
  /** Why the history was cut, if it was. */
  readonly cut: string | undefined;
  /** The steps after which a command saves, ascending; undefined for a trainer, which saves where it is asked to. */
  readonly savable?: readonly number[];
  /** Those of them where a command can be killed in the save; undefined for a trainer. */
  readonly killable?: readonly number[];
}

export async function executeScenario(loaded: LoadedScenario, options: ExecuteOptions): Promise<Execution> {
  const { history } = loaded;
  const { folder } = options;
  emptied(folder);
  let beside: Controls | undefined;
  let saver: Promise<ProcessResult> | undefined;
  const saves = saverPart(history);
  const last = { process: saves.id, step: resumePoints(history).at(-1)! };
  const start = starter(loaded, {
    ...options,
    onProgress: (part, progress) => {
      options.onProgress(part, progress);
      if (part.role !== 'control' || progress.kind !== 'started' || progress.skip !== undefined) return;
      const { backend: name, deterministic } = progress;
      beside = startControls(history, { name, deterministic }, start);
      // Other histories show what a save does to a process that goes on.
      if (options.shared !== undefined && !goesOn(history)) return;
      saver = start(saves, { keep: new Map([[last.step, checkpointOf(folder, last)]]) });
    },
  });
  const control = start(controlPart(history));
  const controls = awaitedLater(control.then((own) => endedControls(history, own, beside, start)));
  const interrupted = await runInterrupted(history, options, start);
  const results = [await control, ...(await controls), ...interrupted];
  if (saver !== undefined) results.push(...(await savedAgain(loaded, folder, await saver, start)));
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    history,
    cut: undefined,
  };
}

/** Whether a process trains on after a save. */
const goesOn = ({ processes }: History): boolean =>
  processes.some(({ saves, until }) => saves.some((step) => step < until));

/** Runs the processes of the history, and beside them a cold start from a copy of the first checkpoint. */
async function runInterrupted(
  history: History,
  { folder, cold: wantsCold }: Pick<ExecuteOptions, 'folder' | 'cold'>,
  start: Start,
): Promise<ProcessResult[]> {
  let cold: Promise<ProcessResult> | undefined;
  const starting: Start = async (part, how) => {
    const result = await start(part, how);
    if (wantsCold && part.role === 'before') {
      const checkpoint = await copiedForCold(history, folder);
      if (checkpoint !== undefined) cold = start(coldPart(history), { checkpoint });
    }
    return result;
  };
  const results = await resultsOf(
    runHistory(history, { begin: beginIn(history, { folder, start: starting }) }),
  );
  return cold === undefined ? results : [...results, await cold];
}

/** A copy of the first checkpoint, so that a cold start and the first resume do not get in each other's way. */
export async function copiedForCold(history: History, folder: string): Promise<string | undefined> {
  const { id, from } = coldPart(history);
  const checkpoint = checkpointOf(folder, { process: id, step: from!.step });
  return (await copied(checkpointOf(folder, from!), checkpoint)) ? checkpoint : undefined;
}

/**
 * The saver, and a process that resumes from its last save. That one is not needed where the interrupted run wrote the
 * same bytes at that step: a resume from them has been judged.
 */
async function savedAgain(
  { history, scenario }: LoadedScenario,
  folder: string,
  saver: ProcessResult,
  start: Start,
): Promise<ProcessResult[]> {
  const points = resumePoints(history);
  const last = points.at(-1)!;
  const later = checkpointOf(folder, { process: saver.trace.run?.id ?? '', step: last });
  const { from } = resumesIn(history).find((process) => process.from.step === last)!;
  const elsewhere = ({ backend }: HistoryProcess): boolean => backend !== undefined;
  // What the interrupted run deviates from or saves on another backend, the saver does not write.
  const apart =
    points.length < 2 || history.processes.some(elsewhere) || (scenario.deviates ?? []).length > 0;
  if (apart || saver.trace.end === undefined || (await sameFiles(checkpointOf(folder, from), later)))
    return [saver];
  return [saver, await start(againPart(history), { checkpoint: later })];
}

/**
 * Runs the processes that a fault can change: those that resume, and the one before them if the fault changes what is
 * saved. Without that one, they resume from the healthy run's checkpoints.
 * @param healthy the folder of the scenario's healthy execution
 * @param settled called after each resume of a chain but the last: whether the traces so far are enough
 * @returns the traces of the processes that were run, in the order of the history
 */
export async function executeFault(
  loaded: LoadedScenario,
  fault: { readonly file: string; readonly saves: boolean },
  healthy: string,
  settled: (traces: readonly Trace[]) => boolean,
  options: ExecuteOptions,
): Promise<readonly Trace[]> {
  const { history } = loaded;
  emptied(options.folder);
  const start = starter(loaded, options, fault.file);
  const untouched = fault.saves ? [] : history.processes.filter(({ from }) => from === null);
  const resumes = resumesIn(history).length;
  const traces: Trace[] = [];
  const given = new Set(untouched.map(({ id }) => id));
  const running = runHistory(history, {
    begin: beginIn(history, { folder: options.folder, start, given: { folder: healthy, ids: given } }),
    given,
    enough({ trace }) {
      traces.push(trace);
      const resumed = traces.filter(({ run }) => run?.role === 'after').length;
      return isChain(history) && resumed > 0 && resumed < resumes && settled(traces);
    },
  });
  return (await resultsOf(running)).map(({ trace }) => trace);
}

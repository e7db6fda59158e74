/** Runs the processes of a history: each as soon as its checkpoint is there, side by side where they can be. */
import path from 'node:path';
import type { History, HistoryProcess } from '../trace/history.ts';
import { endedOnPurpose } from '../trace/roles.ts';
import type { Trace } from '../trace/schema.ts';
import { awaitedLater } from './failing.ts';
import { checkpointName } from './job.ts';
import { historyPart } from './parts.ts';
import type { ProcessResult } from './process.ts';
import type { Start } from './start.ts';

type From = NonNullable<HistoryProcess['from']>;

/** Where the checkpoint of a step of a process is kept, in the folder of a run. */
export const checkpointOf = (folder: string, { process, step }: From): string =>
  path.join(folder, 'checkpoints', process, checkpointName(step));

/** The checkpoints of a process that others resume from, by step: where they are kept. */
export const keptOf = (history: History, folder: string, id: string): ReadonlyMap<number, string> =>
  new Map(
    history.processes.flatMap(({ from }) =>
      from?.process === id ? [[from.step, checkpointOf(folder, from)] as const] : [],
    ),
  );

/**
 * Runs a process of a history in the folder of a run, which gets the checkpoints that others resume from.
 * @param given processes that have been run before, and the folder of their checkpoints
 */
export const beginIn =
  (
    history: History,
    { folder, start, given }: { readonly folder: string; readonly start: Start; readonly given?: Given },
  ) =>
  (process: HistoryProcess): Promise<ProcessResult> => {
    const { id, from } = process;
    const isGiven = from !== null && given?.ids.has(from.process) === true;
    const checkpoint = from === null ? null : checkpointOf(isGiven ? given.folder : folder, from);
    return start(historyPart(history, process), { checkpoint, keep: keptOf(history, folder, id) });
  };

interface Given {
  readonly folder: string;
  readonly ids: ReadonlySet<string>;
}

/** How the processes of a history are run, with what comes of each. */
export interface RunHistoryOptions<Result> {
  /** Runs a process. `source` is what it resumes from has become; undefined if that was given, or there is none. */
  readonly begin: (process: HistoryProcess, source: Result | undefined) => Promise<Result>;
  /** Processes that have been run before: what they saved is there. */
  readonly given?: ReadonlySet<string>;
  /** Called with each process that has ended. Once it returns true, no further one is started. */
  readonly enough?: (result: Result) => boolean;
}

/**
 * Starts the processes of a history that has been checked. Two never load one checkpoint at the same time: the second
 * must find it as the first left it.
 * @returns by id; undefined for a process whose checkpoint was not written, or that was not needed
 */
export function runHistory<Result extends { readonly trace: Trace }>(
  history: History,
  { begin, given = new Set(), enough = () => false }: RunHistoryOptions<Result>,
): ReadonlyMap<string, Promise<Result | undefined>> {
  const running = new Map<string, Promise<Result | undefined>>();
  const lastLoad = new Map<string, Promise<unknown>>();
  let stopped = false;
  const beginning = async (process: HistoryProcess, source?: Result): Promise<Result> => {
    const result = await begin(process, source);
    if (enough(result)) stopped = true;
    return result;
  };
  const run = async (process: HistoryProcess): Promise<Result | undefined> => {
    const { from } = process;
    if (from === null) return beginning(process);
    const load = `${from.process} ${from.step}`;
    const earlier = lastLoad.get(load);
    const loaded = Promise.withResolvers<void>();
    lastLoad.set(load, loaded.promise);
    try {
      const source = await running.get(from.process);
      const saved = given.has(from.process) || wrote(source, from.step);
      await earlier;
      if (!saved || stopped) return undefined;
      return await beginning(process, source);
    } finally {
      loaded.resolve();
    }
  };
  for (const process of history.processes)
    if (!given.has(process.id)) running.set(process.id, awaitedLater(run(process)));
  return running;
}

/** What did not end as planned is not resumed from. */
function wrote(source: { readonly trace: Trace } | undefined, step: number): boolean {
  if (source === undefined) return false;
  const { end, saved } = source.trace;
  return (end !== undefined || endedOnPurpose(source.trace)) && saved.some((one) => one.step === step);
}

/** The results of the processes that ran, in the order of the history. */
export async function resultsOf<Result>(
  running: ReadonlyMap<string, Promise<Result | undefined>>,
): Promise<Result[]> {
  return (await Promise.all(running.values())).filter((result) => result !== undefined);
}

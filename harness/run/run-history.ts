/** Runs the processes of a history: each as soon as its checkpoint is there, side by side where they can be. */
import path from 'node:path';
import type { History, HistoryProcess } from '../trace/history.ts';
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

export interface RunHistoryOptions {
  /** The folder of the run. */
  readonly folder: string;
  readonly start: Start;
  /** Processes that have been run before, in this folder: their checkpoints are there. */
  readonly given?: { readonly folder: string; readonly ids: ReadonlySet<string> };
  /** Called with each process that has ended. Once it returns true, no further one is started. */
  readonly enough?: (result: ProcessResult) => boolean;
}

/**
 * Starts the processes of a history that has been checked. Two never load one checkpoint at the same time: the second
 * must find it as the first left it.
 * @returns by id; undefined for a process whose checkpoint was not written, or that was not needed
 */
export function runHistory(
  history: History,
  { folder, start, given, enough = () => false }: RunHistoryOptions,
): ReadonlyMap<string, Promise<ProcessResult | undefined>> {
  const running = new Map<string, Promise<ProcessResult | undefined>>();
  const lastLoad = new Map<string, Promise<unknown>>();
  let stopped = false;
  const run = async (process: HistoryProcess): Promise<ProcessResult | undefined> => {
    const { from } = process;
    let checkpoint: string | null = null;
    if (from !== null) {
      const isGiven = given?.ids.has(from.process) === true;
      checkpoint = checkpointOf(isGiven ? given.folder : folder, from);
      const earlier = lastLoad.get(checkpoint);
      const source = running.get(from.process);
      const loaded = Promise.withResolvers<void>();
      lastLoad.set(checkpoint, loaded.promise);
      try {
        const saved = isGiven || wrote(await source, from.step);
        await earlier;
        if (!saved || stopped) return undefined;
        return await begin(process, checkpoint);
      } finally {
        loaded.resolve();
      }
    }
    return begin(process, checkpoint);
  };
  const begin = async (process: HistoryProcess, checkpoint: string | null): Promise<ProcessResult> => {
    const keep = keptOf(history, folder, process.id);
    const result = await start(historyPart(history, process), { checkpoint, keep });
    if (enough(result)) stopped = true;
    return result;
  };
  for (const process of history.processes)
    if (given?.ids.has(process.id) !== true) running.set(process.id, awaitedLater(run(process)));
  return running;
}

/** What did not end as planned is not resumed from. */
function wrote(source: ProcessResult | undefined, step: number): boolean {
  if (source === undefined) return false;
  const { end, process, saved } = source.trace;
  return (end !== undefined || process?.outcome === 'killed') && saved.some((one) => one.step === step);
}

/** The results of the processes that ran, in the order of the history. */
export async function resultsOf(
  running: ReadonlyMap<string, Promise<ProcessResult | undefined>>,
): Promise<ProcessResult[]> {
  return (await Promise.all(running.values())).filter((result) => result !== undefined);
}

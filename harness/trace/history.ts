/**
 * What the processes of an interrupted run do: where each starts, saves and ends. A plan is the common case, a chain in
 * which each process resumes from the one before. A history can also fork, save and go on, and be killed.
 */
import { idOf } from './plan.ts';
import type { Plan, Trace } from './schema.ts';

/** One process of the interrupted run. The control, its twins and the cold run are no part of it. */
export interface HistoryProcess {
  /** Unique in the history. */
  readonly id: string;
  /** The process and the step whose checkpoint it resumes from; null if it starts from nothing. */
  readonly from: { readonly process: string; readonly step: number } | null;
  /** The step after which it ends. */
  readonly until: number;
  /** The steps after which it saves, ascending. */
  readonly saves: readonly number[];
  /** The backend it is to run on; the run's own by default. */
  readonly backend?: string;
  /** Whether it is killed in mid-training, so that it records no end. */
  readonly killed?: true;
}

/** What is judged: the steps that the control trains, and every process of the interrupted run, in order. */
export interface History {
  readonly steps: number;
  readonly processes: readonly HistoryProcess[];
}

/**
 * The chain of processes that a plan asks for.
 * @example
 * ```ts
 * historyOf({ steps: 8, resumeAt: [4] }).processes.map(({ id }) => id); // ['before', 'after-1']
 * ```
 */
export function historyOf({ steps, resumeAt, resumeOn }: Plan): History {
  const ids = [idOf('before', 0), ...resumeAt.map((_, n) => idOf('after', n + 1))];
  return {
    steps,
    processes: ids.map((id, n): HistoryProcess => {
      const [from, until] = [resumeAt[n - 1], resumeAt[n]];
      const backend = n === 0 ? undefined : resumeOn?.[n - 1];
      return {
        id,
        from: from === undefined ? null : { process: ids[n - 1]!, step: from },
        until: until ?? steps,
        saves: until === undefined ? [] : [until],
        ...(backend === undefined ? {} : { backend }),
      };
    }),
  };
}

/**
 * The history that traces tell by themselves: what each process resumed from, where it saved and where it was to end. A
 * process that left no trace is not in it. All ranks of a process are one process.
 * @example
 * ```ts
 * import { collectEvidence, historyIn, readTrace } from 'resumeproof/judge';
 *
 * const files = ['control', 'before', 'after-1'].map((run) => `runs/${run}/trace.jsonl`);
 * const traces = await Promise.all(files.map(readTrace));
 * const evidence = collectEvidence(historyIn(traces), 'auto', traces);
 * console.log(evidence.resumes.length);
 * ```
 */
export function historyIn(traces: readonly Trace[]): History {
  const control = traces.find(({ run }) => run?.role === 'control');
  const ends = traces.map(({ run }) => run?.until ?? 0);
  const savedAt = (process: string, checkpoint: string): number | undefined =>
    traces
      .flatMap(({ run, saved }) => (run?.id === process ? saved : []))
      .find((saved) => saved.checkpoint === checkpoint)?.step;
  const ids = new Set<string>();
  return {
    steps: control?.run?.until ?? Math.max(0, ...ends),
    processes: traces.flatMap(({ run, resumed, process }): HistoryProcess[] => {
      if (run === undefined || (run.role !== 'before' && run.role !== 'after') || ids.has(run.id)) return [];
      ids.add(run.id);
      const { from, step } = resumed ?? {};
      const killed = process?.outcome === 'killed';
      const own = traces.filter((one) => one.run?.id === run.id);
      const saves = own.flatMap(({ saved }) => saved.map((one) => one.step));
      const reached = own.map(({ steps }) => steps.at(-1)?.step ?? step ?? 0);
      return [
        {
          id: run.id,
          from:
            from === undefined
              ? null
              : { process: from.process, step: savedAt(from.process, from.checkpoint) ?? step! },
          // Nobody knows beforehand how far a process gets that is killed.
          until: killed ? Math.min(...reached) : run.until,
          saves: [...new Set(saves)].sort((a, b) => a - b),
          ...(killed ? { killed: true as const } : {}),
        },
      ];
    }),
  };
}

/** A process that starts from a checkpoint. */
export type ResumingProcess = HistoryProcess & { readonly from: NonNullable<HistoryProcess['from']> };

/** The processes that resume, in order. */
export const resumesIn = ({ processes }: History): ResumingProcess[] =>
  processes.filter((process): process is ResumingProcess => process.from !== null);

/** A history as a plan: its steps, and after which of them it was resumed, in the order of the resumes. */
export function planOf(history: History): Plan {
  const resumes = resumesIn(history);
  const on = resumes.map(({ backend }) => backend);
  return {
    steps: history.steps,
    resumeAt: resumes.map(({ from }) => from.step),
    ...(on.every((backend) => backend !== undefined) && on.length > 0 ? { resumeOn: on } : {}),
  };
}

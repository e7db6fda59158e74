/**
 * What the processes of an interrupted run do: where each starts, saves and ends. A plan is the common case, a chain in
 * which each process resumes from the one before. A history can also fork, save and go on, be killed, and change
 * settings.
 */
import { isDeepStrictEqual } from 'node:util';
import { idOf } from './plan.ts';
import {
  type Plan,
  SETTINGS,
  type Setting,
  type Settings,
  type SettingsChange,
  type Trace,
} from './schema.ts';

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
  readonly backend?: string | undefined;
  /** Whether it is killed in mid-training, so that it records no end. */
  readonly killed?: true | undefined;
  /**
   * If it is killed: the operation on files, counted from 1, before which that happens, in a save after `until` that
   * counts for nothing. By default, it is killed without a save. A command saves there by itself, and what is left of
   * that save is in the folder of the process that resumes from the save before it.
   */
  readonly inSave?: number | undefined;
}

/** What is judged: the steps of the run, and every process of the interrupted run, in order. */
export interface History {
  /** The steps of the whole run. A change can give it another length. */
  readonly steps: number;
  readonly processes: readonly HistoryProcess[];
  /** What resumes change, by ascending step; nothing by default. The control changes the same at the same step. */
  readonly changes?: readonly SettingsChange[] | undefined;
}

/** The settings that changes made up to a step, that step included. Empty if there are none. */
export function settingsAt(changes: readonly SettingsChange[] | undefined, step: number): Settings {
  const made = (changes ?? []).filter(({ at }) => at <= step);
  return Object.assign({}, ...made.map(({ at: _, ...settings }) => settings)) as Settings;
}

/** The settings that a change has values for. */
export const settingNames = (change: SettingsChange): Setting[] =>
  SETTINGS.filter((name) => change[name] !== undefined);

/** The step after which a run ends that starts with a length and makes these changes. */
export const lengthOf = (steps: number, changes: readonly SettingsChange[] | undefined): number =>
  settingsAt(changes, Number.POSITIVE_INFINITY).steps ?? steps;

/** Each step once, ascending. */
export const ascending = (steps: readonly number[]): number[] => [...new Set(steps)].sort((a, b) => a - b);

/** All steps of a run but the last. */
export const inner = (steps: number): number[] => Array.from({ length: steps - 1 }, (_, at) => at + 1);

/** The step after which the control ends. */
export const endOf = ({ steps, changes }: Pick<History, 'steps' | 'changes'>): number =>
  lengthOf(steps, changes);

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
  const { horizon, until, changes } = control?.run ?? {};
  const savedAt = (process: string, checkpoint: string): number | undefined =>
    traces
      .flatMap(({ run, saved }) => (run?.id === process ? saved : []))
      .find((saved) => saved.checkpoint === checkpoint)?.step;
  const ids = new Set<string>();
  return {
    // Unless a change gives the run another length, it is judged as far as the control was to train.
    steps:
      (settingsAt(changes, Number.POSITIVE_INFINITY).steps === undefined ? until : horizon) ??
      Math.max(0, ...ends),
    ...(changes === undefined ? {} : { changes }),
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
          saves: ascending(saves),
          ...(killed ? { killed: true as const } : {}),
        },
      ];
    }),
  };
}

/**
 * Whether a process of a command starts with the folder as a kill in a save left it: it resumes from the last save
 * before that. From an older save, it gets the folder as it was then.
 */
export const resumesFromCut = ({ from }: HistoryProcess, source: HistoryProcess): boolean =>
  source.inSave !== undefined && from?.process === source.id && from.step === source.saves.at(-1);

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
    steps: endOf(history),
    resumeAt: resumes.map(({ from }) => from.step),
    ...(on.every((backend) => backend !== undefined) && on.length > 0 ? { resumeOn: on } : {}),
  };
}

/** Whether a history says no more than the plan of its steps and resumes. */
export const isChain = (history: History): boolean => isDeepStrictEqual(historyOf(planOf(history)), history);

/** The backends that processes are to run on besides that of the run, each once. */
export const backendsIn = ({ processes }: Pick<History, 'processes'>): string[] => [
  ...new Set(processes.flatMap(({ backend }) => backend ?? [])),
];

/** The steps after which a process resumes, each once, ascending. */
export const resumePoints = (history: History): number[] =>
  ascending(resumesIn(history).map(({ from }) => from.step));

/**
 * The steps after which a control records its state in passing: where a process resumes, where one ends that has
 * resumed, and where one is killed in a save. Ascending.
 */
export function passesOf(history: History): number[] {
  const ends = history.processes
    .filter(({ from, killed, inSave }) => (from !== null && killed !== true) || inSave !== undefined)
    .map(({ until }) => until);
  const end = endOf(history);
  const inside = ends.filter((step) => step < end);
  return ascending([...resumePoints(history), ...inside]);
}

/** A history in words: `before to 4 (saves 4); after-1 from before 4 to 8`. */
export function describeHistory(history: History): string {
  const processes = history.processes.map(({ id, from, until, saves, killed, inSave, backend }) => {
    const where = [
      ...(from === null ? [] : [`from ${from.process} ${from.step}`]),
      ...(from?.step === until ? ['without a step'] : [`to ${until}`]),
      ...(backend === undefined ? [] : [`on ${backend}`]),
      ...(killed === true ? ['killed there'] : []),
      ...(inSave === undefined ? [] : [`in a save, before operation ${inSave}`]),
    ];
    return `${id} ${where.join(' ')}${saves.length === 0 ? '' : ` (saves ${saves.join(', ')})`}`;
  });
  const changes = (history.changes ?? []).map(
    ({ at, ...settings }) => `from step ${at} on ${describeSettings(settings)}`,
  );
  return [...processes, ...changes].join('; ');
}

/** `steps 12, batchSize 4` */
export const describeSettings = (settings: Settings): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

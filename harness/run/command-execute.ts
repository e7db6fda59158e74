/**
 * Runs all processes of a scenario whose trainer is a command. The control runs first: it shows what the program has and
 * where it saves, which the others must be told.
 */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ascending, endOf, type History, type HistoryProcess, resumesFromCut } from '../trace/history.ts';
import { traceReader } from '../trace/read.ts';
import type { Trace } from '../trace/schema.ts';
import type { Command } from '../training/command.ts';
import { checkControl, checkIdle, checkKilled, checkSaves, savesLate } from './command-checks.ts';
import { isSameRun, wentOnFrom, withWholeSaves } from './command-cut.ts';
import { isStoppedAtSave, type Left, type Told } from './command-job.ts';
import { type CommandResult, removeCopies, runCommandProcess } from './command-process.ts';
import { killableIn, stepsLate } from './command-saves.ts';
import { endedControls } from './controls.ts';
import type { Execution } from './execute.ts';
import { awaitedLater } from './failing.ts';
import { controlPart, historyPart, type Part, saverPart } from './parts.ts';
import { resultsOf, runHistory } from './run-history.ts';
import type { LoadedScenario } from './scenario.ts';
import { forAll } from './shared.ts';
import type { ExecuteOptions } from './start.ts';
import { UsageError } from './usage-error.ts';

const DEFAULT_LIMITS = { step: 600, run: 3600 };

type CommandOptions = Pick<
  ExecuteOptions,
  'folder' | 'limit' | 'signal' | 'onProgress' | 'onTrace' | 'requireGpu' | 'shared'
>;

/** @throws {UsageError} when the program does not train as the plan says, or does not save where it is to be resumed */
export async function executeCommand(
  loaded: LoadedScenario,
  command: Command,
  options: CommandOptions,
): Promise<Execution> {
  const { history, scenario, name } = loaded;
  rmSync(options.folder, { recursive: true, force: true });
  mkdirSync(options.folder, { recursive: true });
  const read = traceReader();
  const { shared } = options;
  const startIn = async (
    within: string,
    part: Part,
    told?: Told,
    source?: CommandResult,
  ): Promise<CommandResult> => {
    const left = source === undefined ? undefined : leftFor(part, source, command, name);
    const run = async (signalAt: number | undefined): Promise<CommandResult> => {
      options.onProgress(part, { kind: 'begins' });
      const ended = await runCommandProcess(
        {
          scenario: name,
          command,
          part,
          horizon: endOf(history),
          seed: scenario.seed ?? 0,
          told,
          left,
          signalAt,
          resumedAt: within === options.folder ? resumedAt(history, part) : part.saves,
          folder: path.join(within, part.id),
        },
        {
          limits: { ...DEFAULT_LIMITS, ...scenario.limits },
          signal: options.signal,
          read,
          onProgress: (progress) => options.onProgress(part, progress),
        },
      );
      options.onProgress(part, { kind: 'ended', trace: ended.trace });
      return ended;
    };
    const isSignalled = command.stop === 'signal' && isHistory(part) && isStoppedAtSave(part);
    const result = await options.limit(async () => {
      const first = await run(isSignalled ? part.until : undefined);
      const late = stepsLate(first.saves);
      if (!isSignalled || late === 0 || options.signal.aborted) return first;
      // It ends its step first and then saves: the signal must come that much earlier.
      const signalAt = part.until - late;
      if (signalAt <= (part.from?.step ?? 0)) throw savesLate(part, late, name);
      rmSync(path.join(within, part.id), { recursive: true, force: true });
      const second = await run(signalAt);
      if (!options.signal.aborted && stepsLate(second.saves) > 0) throw savesLate(part, late, name);
      return second;
    });
    options.onTrace?.(result.trace);
    return result;
  };
  const start = (part: Part, told?: Told, source?: CommandResult): Promise<CommandResult> => {
    if (shared === undefined || part.from !== null) return startIn(options.folder, part, told, source);
    const whole = forAll(history, part);
    return shared.once(history, whole, (within) => startIn(within, whole, told));
  };
  /** Nobody resumes from it, but another history may look at what it saved. */
  const done = ({ run }: CommandResult): void => {
    if (shared === undefined) rmSync(run, { recursive: true, force: true });
  };
  const control = await start(controlPart(history));
  const execution = (traces: readonly Trace[]): Execution => ({
    traces,
    skip: undefined,
    history,
    cut: undefined,
  });
  checkControl(control, loaded, options);
  if (control.trace.end === undefined) return execution([control.trace]);
  const told = toldBy(control.trace);
  const asTwin = async (part: Part) => {
    const twin = await start(part, told);
    done(twin);
    return { trace: twin.trace, skip: undefined };
  };
  const first = control.trace.run?.backend.deterministic ? undefined : asTwin(controlPart(history, 1));
  const twins = awaitedLater(
    endedControls(history, { trace: control.trace, skip: undefined }, { twin: first, elsewhere: [] }, asTwin),
  );
  const saver = command.neverSaveWith === undefined ? undefined : await start(saverPart(history), told);
  if (saver !== undefined) {
    checkSaves(saver, loaded);
    done(saver);
  }
  const sources = new Map<string, CommandResult | undefined>();
  /** The traces of processes that were killed in a save which was whole by then, from runs that are killed after it. */
  const whole = new Map<string, Promise<Trace>>();
  const resumedWhole = new Set<string>();
  /** Runs a process once more that was killed in a save, and kills it after that: it shows what it has saved there. */
  const killedAfter = async (id: string): Promise<Trace> => {
    const run = withWholeSaves(history, resumedWhole);
    const part = historyPart(run, run.processes.find((process) => process.id === id)!);
    if (shared !== undefined && part.from === null) return (await start(part, told)).trace;
    const within = path.join(options.folder, id, 'whole');
    const ended = await startIn(within, part, told, sources.get(id));
    removeCopies(path.join(within, id));
    done(ended);
    return ended.trace;
  };
  /** Runs a process as one that resumes from the save in which the process before was killed. */
  const fromWhole = async (
    id: string,
    cut: HistoryProcess,
    source: CommandResult,
  ): Promise<CommandResult> => {
    resumedWhole.add(id);
    if (!whole.has(cut.id)) whole.set(cut.id, awaitedLater(killedAfter(cut.id)));
    await whole.get(cut.id);
    const run = withWholeSaves(history, new Set([id]));
    const own = run.processes.find((process) => process.id === id)!;
    rmSync(path.join(options.folder, id), { recursive: true, force: true });
    return startIn(options.folder, historyPart(run, own), told, source);
  };
  const asAsked = async (process: HistoryProcess, source?: CommandResult): Promise<CommandResult> => {
    const cut = history.processes.find((other) => resumesFromCut(process, other));
    if (cut !== undefined && source !== undefined && isGone(command, source.left.get(process.from!.step)))
      return fromWhole(process.id, cut, source);
    const result = await start(historyPart(history, process), told, source);
    const goesOn =
      cut !== undefined && wentOnFrom(cut.until, result.trace, control.trace, process.from!.step);
    return goesOn && source !== undefined ? fromWhole(process.id, cut, source) : result;
  };
  const running = runHistory<CommandResult>(history, {
    async begin(process, source) {
      sources.set(process.id, source);
      const result = await asAsked(process, source);
      checkIdle(result.trace, process, name);
      if (!options.signal.aborted) checkKilled(result, process, name);
      return result;
    },
  });
  try {
    const all = execution([
      control.trace,
      ...(await twins).map(({ trace }) => trace),
      ...(await Promise.all(
        (
          await resultsOf(running)
        ).map(async ({ trace }) => {
          const again = await whole.get(trace.run?.id ?? '');
          // Without equal bits, nobody knows what the killed process had saved, so that state is missing.
          return again !== undefined && isSameRun(trace, again) ? again : trace;
        }),
      )),
      ...(saver === undefined ? [] : [saver.trace]),
    ]);
    const { saves } = saver ?? control;
    return {
      ...all,
      history: withWholeSaves(history, resumedWhole),
      savable: ascending(saves.map(({ step }) => step)),
      killable: killableIn(saves),
    };
  } finally {
    await Promise.allSettled([...running.values(), ...whole.values()]);
    for (const { id } of history.processes) removeCopies(path.join(options.folder, id));
  }
}

const isHistory = ({ role }: Part): boolean => role === 'before' || role === 'after';

/** Whether a resume would name a checkpoint that is gone. A user would name the newest that is whole. */
const isGone = ({ resumeWith = [] }: Command, left: Left | undefined): boolean =>
  left?.isReplaced === true && resumeWith.some((word) => /\{(checkpoint|step)\}/.test(word));

/** The steps of a process from which others resume, ascending. */
const resumedAt = ({ processes }: History, { id }: Part): number[] =>
  ascending(processes.flatMap(({ from }) => (from?.process === id ? [from.step] : [])));

function toldBy({ run, states }: Trace): Told {
  return {
    lacks: run?.lacks ?? [],
    random: [...new Set(states.flatMap(({ random }) => Object.keys(random)))].sort(),
  };
}

/** @throws {UsageError} when the arguments of a resume name the checkpoint, and it cannot be told */
function leftFor(
  { from }: Part,
  source: CommandResult,
  { resumeWith = [] }: Command,
  name: string,
): Left | undefined {
  const { process, step } = from!;
  const left = source.left.get(step);
  if (left?.checkpoint === undefined && resumeWith.some((word) => word.includes('{checkpoint}')))
    throw new UsageError(
      `${name}: nothing that '${process}' saved after step ${step} is in its folder, so {checkpoint} is unknown; name it with {run} and {step}`,
    );
  return left;
}

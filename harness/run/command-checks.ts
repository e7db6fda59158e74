/** What is said of a program that does not train as it is asked to. */
import { BackendError } from '../backend/error.ts';
import { enumerate } from '../report/text.ts';
import { type HistoryProcess, planOf, resumePoints } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import type { CommandResult } from './command-process.ts';
import { killableIn, strayAt } from './command-saves.ts';
import type { LoadedScenario } from './scenario.ts';
import type { ExecuteOptions } from './start.ts';
import { UsageError } from './usage-error.ts';

/**
 * A program that fails in training is judged. One that does not train as asked is not.
 * @throws {UsageError} in one line, with the last lines of the program
 */
export function checkControl(
  control: CommandResult,
  loaded: LoadedScenario,
  options: Pick<ExecuteOptions, 'requireGpu' | 'signal'>,
): void {
  const { trace, saves } = control;
  const { name, history, scenario } = loaded;
  const { requireGpu, signal } = options;
  const { command } = scenario;
  const plan = planOf(history);
  const { outcome, exitCode } = trace.process ?? {};
  if (signal.aborted || (outcome !== 'exited' && outcome !== 'crashed')) return;
  const wrong = (why: string): UsageError => new UsageError(`${name}: ${why}`, trace.process?.stderr ?? []);
  if (trace.run === undefined)
    throw wrong(
      outcome === 'exited'
        ? 'the program ended, but no recorder saw it train; Python reads no PYTHONPATH if it is started with -E, -I or -S'
        : exitCode === null
          ? 'the program could not be run'
          : `the program ended with exit code ${exitCode} before its first step`,
    );
  if (requireGpu && !trace.run.backend.hardware)
    throw new BackendError('gpu-required', `${name} ran on ${trace.run.backend.adapter}, which is no GPU`);
  if (outcome === 'crashed' || trace.failure !== undefined) return;
  const last = trace.steps.at(-1)?.step ?? 0;
  if (trace.end === undefined && last < plan.steps)
    throw wrong(`the program ended after step ${last} of ${plan.steps}; ask for fewer steps`);
  if (command?.neverSaveWith === undefined) {
    checkSaves(control, loaded);
    return;
  }
  const saved = [...new Set(saves.map(({ step }) => step))].filter((step) => step < plan.steps);
  if (saved.length > 0)
    throw wrong(
      `the program saves after step ${enumerate(saved)}, though it was started with ${command.neverSaveWith.join(' ')}`,
    );
}

/** @throws {UsageError} when a process that saves as the program always does leaves no checkpoint where one is needed */
export function checkSaves(
  { trace, saves, run, scratch }: CommandResult,
  { name, history }: LoadedScenario,
): void {
  const wrong = (why: string): UsageError => new UsageError(`${name}: ${why}`, trace.process?.stderr ?? []);
  if (trace.end === undefined) return;
  const points = [...new Set(saves.map(({ step }) => step))];
  const asked = history.processes.flatMap(({ from, saves, until, inSave }) => [
    ...saves.filter((step) => step !== from?.step),
    ...(inSave === undefined ? [] : [until]),
  ]);
  const missing = [...new Set(asked)].filter((step) => !points.includes(step)).sort((a, b) => a - b);
  if (missing.length > 0)
    throw wrong(
      `the program saves nothing after step ${enumerate(missing)}; ${points.length === 0 ? 'no save was seen' : `saves were seen after steps ${points.join(', ')}`}`,
    );
  for (const { id, until, inSave, saves: own } of history.processes) {
    if (inSave === undefined) continue;
    const last = own.at(-1);
    const between = points.filter((step) => last !== undefined && step > last && step < until);
    if (between.length > 0)
      throw wrong(
        `the program also saves after step ${enumerate(between)}, between the last save of '${id}' and the one that it is killed in: name it in its saves`,
      );
    if (!killableIn(saves).includes(until))
      throw wrong(
        `'${id}' is to be killed in the save after step ${until}, but what records the program cannot do that: it tells of no save with inSave (docs/recorder.md); leave inSave out`,
      );
  }
  for (const step of resumePoints(history)) {
    const stray = strayAt(saves, step, run, scratch);
    if (stray !== undefined)
      throw wrong(
        `what the program saved after step ${step} is outside of {run}: ${stray}; make it save in {run}`,
      );
  }
}

/** @throws {UsageError} when a process was to be killed in a save, and trained on */
export function checkKilled(
  { trace }: CommandResult,
  { id, until, inSave }: HistoryProcess,
  name: string,
): void {
  const { outcome } = trace.process ?? {};
  if (inSave === undefined || outcome === 'killed' || trace.failure !== undefined) return;
  if (outcome !== 'exited' && outcome !== 'stopped-as-planned') return;
  throw new UsageError(
    `${name}: '${id}' was to be killed in the save after step ${until}, but what records the program did not do it (RESUMEPROOF_IN_SAVE); leave inSave out`,
    trace.process?.stderr ?? [],
  );
}

/** @throws {UsageError} when a process is to load and save without a step, and the program never does that */
export function checkIdle(
  { failure, steps }: Trace,
  { id, from, saves }: HistoryProcess,
  name: string,
): void {
  if (failure?.code !== 'save-failed' || steps.length > 0 || !saves.includes(from?.step ?? 0)) return;
  throw new UsageError(
    `${name}: process '${id}' is to save after step ${from!.step} without a step, but the program saves nothing between its load and its next step`,
  );
}

/** A process saves too late after SIGTERM. */
export const savesLate = ({ id, until }: HistoryProcess, late: number, name: string): UsageError =>
  new UsageError(
    `${name}: '${id}' trains ${late} more step${late === 1 ? '' : 's'} after SIGTERM before it saves, so it cannot be stopped after step ${until} in this way; choose a later step, or another way to stop`,
  );

/** Checks what a scenario or a file says that processes do, before any of them is started. */
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import {
  endOf,
  type History,
  type HistoryProcess,
  historyOf,
  resumePoints,
  resumesFromCut,
} from '../trace/history.ts';
import { changeSchema, type SettingsChange } from '../trace/schema.ts';
import type { Command } from '../training/command.ts';
import type { Scenario, ScenarioHistory, ScenarioPlan } from '../training/trainer.ts';
import { UsageError } from './usage-error.ts';

const step = z.int().positive();
const id = z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, {
  error: 'expected 1 to 64 letters, digits, dots, dashes and underscores, with a letter or digit first',
});
const steps = step;
const changes = z.array(changeSchema.strict()).min(1).optional();

const processes = z
  .array(
    z.strictObject({
      id,
      from: z.strictObject({ process: id, step }).nullish(),
      until: step.optional(),
      saves: z.array(step).optional(),
      killed: z.boolean().optional(),
      inSave: step.optional(),
      backend: z.enum(BACKENDS).optional(),
    }),
  )
  .min(1);

/** A history as it is written: in a scenario, or in a file. */
export const askedHistorySchema = z.strictObject({ steps, processes, changes });

const planned = z.object({
  steps,
  resumeAt: z.union([step, z.array(step).min(1)]).optional(),
  processes: processes.optional(),
  changes,
});
type Planned = z.output<typeof planned>;
const saysOne = ({ resumeAt, processes }: Planned): boolean =>
  (resumeAt === undefined) !== (processes === undefined);
const sayOne = 'expected either resumeAt or processes';

/** The plan of a scenario: a chain, or a history. */
export const askedPlanSchema = planned
  .extend({ onSoftwareGpu: planned.refine(saysOne, sayOne).optional() })
  .refine(saysOne, sayOne);

/** Names of the processes that every run has, and of the folder of the checkpoints. */
const TAKEN = /^(control|twin-\d+|saver|again|cold|checkpoints)$/i;

/** What else a scenario says that a history must allow. */
export interface Declared extends Pick<Scenario, 'deviates'> {
  readonly command?: Command | undefined;
}

/**
 * The history of a plan or a history as a scenario says it.
 * @param where what is said of, as the beginning of a message
 * @throws {UsageError} in one line, when it cannot be run
 */
export function checkHistory(
  asked: ScenarioPlan | ScenarioHistory,
  where: string,
  declared: Declared = {},
): History {
  const changes = asked.changes === undefined ? {} : { changes: [...asked.changes] };
  const history: History =
    'processes' in asked && asked.processes !== undefined
      ? { steps: asked.steps, processes: complete(asked), ...changes }
      : { ...chainOf(asked as ScenarioPlan, where), ...changes };
  const problem = historyProblem(history, declared);
  if (problem !== undefined) throw new UsageError(`${where}: ${problem}`);
  return history;
}

/** Why a history cannot be run; undefined if it can. */
export const historyProblem = (history: History, declared: Declared = {}): string | undefined =>
  firstProblem(history.changes ?? [], changeProblem(history)) ??
  firstProblem(history.processes, processProblem(history)) ??
  wholeProblem(history, declared);

function complete(asked: ScenarioHistory): HistoryProcess[] {
  return asked.processes.map(({ id, from, until, saves, killed, inSave, backend }) => ({
    id,
    from: from ?? null,
    until: until ?? endOf(asked),
    saves: [...(saves ?? [])],
    ...(backend === undefined ? {} : { backend }),
    ...(killed === true ? { killed } : {}),
    ...(inSave === undefined ? {} : { inSave }),
  }));
}

function chainOf({ steps, resumeAt, changes }: ScenarioPlan, where: string): History {
  const points = typeof resumeAt === 'number' ? [resumeAt] : [...resumeAt];
  const end = endOf({ steps, ...(changes === undefined ? {} : { changes }) });
  if (points.length === 0 || !ascends(points) || points[0]! < 1 || points.at(-1)! > end) {
    throw new UsageError(
      `${where}: expected ascending resume points from 1 to ${end}, received ${points.join(', ') || 'none'}`,
    );
  }
  return { ...historyOf({ steps: end, resumeAt: points }), steps };
}

const ascends = (steps: readonly number[]): boolean =>
  steps.every((step, at) => at === 0 || step > steps[at - 1]!);

function firstProblem<T>(
  all: readonly T[],
  problemOf: (one: T, at: number) => string | undefined,
): string | undefined {
  for (const [at, one] of all.entries()) {
    const problem = problemOf(one, at);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function changeProblem(history: History): (change: SettingsChange, at: number) => string | undefined {
  const changes = history.changes ?? [];
  return (change, index) => {
    const { at, ...settings } = change;
    if (Object.values(settings).every((value) => value === undefined))
      return `the change after step ${at} changes nothing: expected steps, batchSize or accumulation`;
    if (index > 0 && at <= changes[index - 1]!.at)
      return `expected changes after ascending steps, received step ${at} after step ${changes[index - 1]!.at}`;
    if (at >= endOf(history))
      return `the change after step ${at} comes too late: the run ends after step ${endOf(history)}`;
    if (!resumePoints(history).includes(at))
      return `no process resumes from step ${at}, after which the run changes`;
    return undefined;
  };
}

function processProblem(history: History): (process: HistoryProcess, at: number) => string | undefined {
  const { processes, changes = [] } = history;
  const end = endOf(history);
  return ({ id, from, until, saves, killed, inSave }, at) => {
    const own = `process '${id}'`;
    if (TAKEN.test(id)) return `${own} has a name that the harness uses itself: expected another`;
    const earlier = processes.slice(0, at);
    if (earlier.some((other) => other.id.toLowerCase() === id.toLowerCase()))
      return `there are two processes '${id}'`;
    if ((from === null) !== (at === 0))
      return at === 0
        ? `the first ${own} resumes from '${from!.process}': expected it to start from nothing`
        : `${own} starts from nothing, as '${processes[0]!.id}' does: expected it to resume`;
    if (until > end) return `${own} goes on until step ${until}, but the run ends after step ${end}`;
    if (from !== null) {
      const source = earlier.find((other) => other.id === from.process);
      if (source === undefined)
        return `${own} resumes from '${from.process}', which is not a process listed before it`;
      if (!source.saves.includes(from.step))
        return `${own} resumes from step ${from.step} of '${source.id}', which ${source.saves.length === 0 ? 'never saves' : `saves after ${source.saves.join(', ')}`}`;
      if (until < from.step)
        return `${own} ends after step ${until}, before step ${from.step} that it resumes from`;
    }
    if (inSave !== undefined && killed !== true)
      return `${own} has inSave, which is where in a save it is killed: expected killed: true`;
    if (inSave !== undefined && saves.at(-1) === until)
      return `${own} is to be killed in a save after step ${until}, and to have saved there: expected one of both`;
    if (!ascends(saves)) return `${own}: expected ascending saves, received ${saves.join(', ')}`;
    const early = saves.find((step) => step < (from?.step ?? 0));
    if (early !== undefined)
      return `${own} cannot save after step ${early}: it resumes from step ${from!.step}`;
    const late = saves.find((step) => step > until);
    if (late !== undefined) return `${own} cannot save after step ${late}: it ends after step ${until}`;
    const crossed = changes.find((change) => change.at > (from?.step ?? 0) && change.at < until);
    if (crossed !== undefined)
      return `${own} trains past step ${crossed.at}, after which a resume changes the run: expected it to end there`;
    return undefined;
  };
}

function wholeProblem(history: History, { deviates, command }: Declared): string | undefined {
  const { processes } = history;
  const end = endOf(history);
  const resuming = processes.filter(({ from }) => from !== null);
  if (resuming.length === 0) return 'no process resumes, so nothing would be proven';
  if (!resuming.some(({ until, killed }) => until === end && killed !== true))
    return `no process resumes and trains to the end, step ${end}`;
  const points = resumePoints(history);
  const received = `received ${end} steps, resumed after ${points.join(', ')}`;
  if (command !== undefined) {
    if (history.changes !== undefined)
      return 'changes do not apply to a command: the control would have to make them while it trains';
    const elsewhere = processes.find(({ backend }) => backend !== undefined);
    if (elsewhere !== undefined)
      return `process '${elsewhere.id}' names a backend, but a command picks its device itself`;
    for (const process of processes) {
      const { id, from, until, saves } = process;
      const cut = processes.find((source) => resumesFromCut(process, source));
      // It may rightly resume from the save of that step, if it was whole by then.
      if (cut !== undefined && [until, ...saves].some((step) => step <= cut.until))
        return `process '${id}' starts from step ${from!.step} with what is left of a save after step ${cut.until}: expected it to train past that step, and to save only after it`;
    }
    // A recorder sees a resume at the first step after it.
    if (points.at(-1) === end) return `expected steps after the last resume; ${received}`;
  }
  if (deviates === undefined) return undefined;
  for (const { id, from, until } of processes) {
    const crossed = points.find((step) => step > (from?.step ?? 0) && step < until);
    if (crossed !== undefined)
      return `process '${id}' trains past step ${crossed}, from which another resumes: expected it to end there, as the scenario declares deviates`;
  }
  return points.at(-1) === end
    ? `expected steps after the last resume, as the scenario declares deviates; ${received}`
    : undefined;
}

/** What a search draws from: the histories that a scenario can be run by. */
import { type Declared, historyProblem } from '../run/check-history.ts';
import { endOf, type History } from '../trace/history.ts';
import type { Setting } from '../trace/schema.ts';

export interface Space {
  /** Steps of the whole run. */
  readonly steps: number;
  /** The steps after which a process can save, ascending. */
  readonly savable: readonly number[];
  /** The steps after which a process of a command can be killed in a save, ascending. A trainer can anywhere. */
  readonly killable: readonly number[];
  /** Those of them where a resume goes wrong more often: first and last ones, and borders of epochs and schedules. */
  readonly edges: readonly number[];
  readonly maxResumes: number;
  /** Backends to resume on, besides that of the run. */
  readonly backends: readonly string[];
  /** What resumes may change. */
  readonly changes: readonly Setting[];
  /** What the scenario says that a history must allow. */
  readonly scenario: Declared;
}

/**
 * Whether each process resumes from the last save of the one before, which ends there. A scenario that declares
 * deviations runs by nothing else.
 */
export const isChainsOnly = ({ scenario }: Pick<Space, 'scenario'>): boolean =>
  scenario.deviates !== undefined;

/** Whether a history can be run, and shows something of each of its processes. */
export function isIn(
  { scenario, savable, killable }: Pick<Space, 'scenario' | 'savable' | 'killable'>,
  history: History,
): boolean {
  const end = endOf(history);
  const isCommand = scenario.command !== undefined;
  const shows = history.processes.every(({ from, until, saves, killed, inSave }) => {
    const trains = until > (from?.step ?? 0);
    if (!saves.every((step) => step < end && (savable.includes(step) || step === from?.step))) return false;
    const last = saves.at(-1) ?? until - 1;
    if (isCommand && inSave !== undefined && until !== nextKill({ savable, killable }, last)) return false;
    // A recorder sees nothing of a process of a command that trains no step.
    return trains || (killed === undefined && !isCommand);
  });
  const idle = history.processes.some(({ from, saves }) => from !== null && saves.includes(from.step));
  return shows && !(isCommand && idle) && historyProblem(history, scenario) === undefined;
}

/** After which step a command can be killed in its next save; undefined if it cannot. It saves by itself. */
export function nextKill(
  { savable, killable }: Pick<Space, 'savable' | 'killable'>,
  last: number,
): number | undefined {
  const next = savable.find((step) => step > last);
  return next !== undefined && killable.includes(next) ? next : undefined;
}

/** What a command runs: the scenario's own plan, with parts replaced by options. */
import { type History, isChain, planOf } from '../trace/history.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { checkHistory } from './check-history.ts';
import { type LoadedScenario, onBackends, resumeBackends } from './scenario.ts';
import { UsageError } from './usage-error.ts';

export interface PlanRequest {
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly resumeOn?: readonly string[];
  /** Instead of the scenario's own; see {@link readHistory}. */
  readonly history?: ScenarioHistory;
}

/** How whoever asks calls the parts of a {@link PlanRequest}. */
export interface RequestWords {
  readonly steps: string;
  readonly resumeAt: string;
  readonly history: string;
}

const OPTIONS: RequestWords = { steps: '--steps', resumeAt: '--resume-at', history: '--history' };

/** A scenario's own history; a software GPU may have a shorter one. */
export const ownHistory = (
  { history, softwareHistory }: Pick<LoadedScenario, 'history' | 'softwareHistory'>,
  softwareGpu: boolean,
): History => (softwareGpu ? softwareHistory : history);

/**
 * @param words names of the request's parts in messages
 * @throws {UsageError} when what is asked for cannot be run
 */
export function withAskedPlan(
  loaded: LoadedScenario,
  { steps, resumeAt, resumeOn, history }: PlanRequest,
  softwareGpu: boolean,
  words: RequestWords = OPTIONS,
): LoadedScenario {
  const { name, scenario } = loaded;
  if (resumeOn !== undefined && scenario.command !== undefined)
    throw new UsageError(`scenario ${name}: --resume-on does not apply to a command`);
  const backends = resumeOn ?? resumeBackends(scenario);
  const asked = history !== undefined;
  if (asked && (steps !== undefined || resumeAt !== undefined))
    throw new UsageError(`${words.history} names every step: leave out ${words.steps} and ${words.resumeAt}`);
  if (asked) {
    const checked = checkHistory(history, `scenario ${name} with ${words.history}`, scenario);
    return { ...loaded, history: onBackends(checked, backends) };
  }
  const own = ownHistory(loaded, softwareGpu);
  if (steps === undefined && resumeAt === undefined)
    return { ...loaded, history: resumeOn === undefined ? own : onBackends(withoutBackends(own), backends) };
  if (!isChain(own))
    throw new UsageError(
      `scenario ${name} has a history or changes, which ${words.steps} and ${words.resumeAt} cannot replace: use ${words.history}`,
    );
  const plan = planOf(own);
  const chain = checkHistory(
    { steps: steps ?? plan.steps, resumeAt: resumeAt ?? plan.resumeAt },
    `scenario ${name} with ${words.steps} or ${words.resumeAt}`,
    scenario,
  );
  return { ...loaded, history: onBackends(chain, backends) };
}

const withoutBackends = (history: History): History => ({
  ...history,
  processes: history.processes.map(({ backend: _, ...process }) => process),
});

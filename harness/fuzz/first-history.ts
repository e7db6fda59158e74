/** The history that a search tries first, which tells how long the others are. */
import { ownHistory } from '../run/asked-plan.ts';
import { type LoadedScenario, onBackends, resumeBackends } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { historyOf } from '../trace/history.ts';

export interface Asked {
  /** Steps of a run; those of the scenario's plan by default. */
  readonly maxSteps?: number | undefined;
  /** Backends to resume on, besides that of the run; none by default. */
  readonly resumeOn?: readonly string[] | undefined;
}

/**
 * The scenario with its own history, or with a chain of the asked length.
 * @param words how whoever asks calls the options
 * @throws {UsageError} when the options do not fit the scenario
 */
export function withFirstHistory(
  loaded: LoadedScenario,
  { maxSteps, resumeOn }: Asked,
  softwareGpu: boolean,
  words: Record<keyof Asked, string>,
): LoadedScenario {
  const { name, scenario } = loaded;
  if (maxSteps === 1)
    throw new UsageError(`${words.maxSteps} must be at least 2: one step before a resume, one after`);
  if (scenario.command !== undefined && maxSteps !== undefined)
    throw new UsageError(
      `scenario ${name}: ${words.maxSteps} does not apply to a command, whose own arguments say how long it trains`,
    );
  if (scenario.command !== undefined && resumeOn !== undefined)
    throw new UsageError(`scenario ${name}: ${words.resumeOn} does not apply to a command`);
  const own = ownHistory(loaded, softwareGpu);
  if (maxSteps === undefined || maxSteps === own.steps) return { ...loaded, history: own };
  const chain = historyOf({ steps: maxSteps, resumeAt: [Math.ceil(maxSteps / 2)] });
  return { ...loaded, history: onBackends(chain, resumeBackends(scenario)) };
}

/** A worker's part in a search: runs and judges histories of one scenario. */
import path from 'node:path';
import { checkedBy } from '../queue/run.ts';
import { type Part, Refused } from '../queue/work.ts';
import { checkHistory } from '../run/check-history.ts';
import type { Fitting } from '../run/join.ts';
import type { Running } from '../run/matrix-part.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import type { History } from '../trace/history.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { historyCaseSchema } from './history-cases.ts';
import { prover } from './prover.ts';

/** @throws {Refused} when the run offers not exactly one scenario */
export function historyPart({ offer, scenarios }: Fitting, running: Running): Part {
  const [loaded, ...others] = scenarios;
  if (loaded === undefined || others.length > 0) throw new Refused('it offers several scenarios to fuzz');
  const own = prover(loaded, {
    ...running,
    backend: offer.backend,
    requireGpu: offer.requireGpu,
    folder: path.join(running.folder, 'histories'),
    // What the report says comes from the machine that writes it.
    replay: () => '',
  });
  return {
    do(what) {
      const { kind, history } = caseOf(what, loaded);
      return kind === 'first' ? own.first(history) : own.prove(history);
    },
    end: own.remove,
  };
}

function caseOf(
  what: unknown,
  { scenario }: LoadedScenario,
): { readonly kind: 'first' | 'history'; readonly history: History } {
  try {
    const { kind, history } = checkedBy(historyCaseSchema, what);
    return { kind, history: checkHistory(history as ScenarioHistory, 'its history', scenario) };
  } catch (error) {
    throw new Refused((error as Error).message);
  }
}

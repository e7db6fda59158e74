/** A worker's part in a kill matrix: healthy runs, and cells against healthy runs of its own. */

import { checkedBy } from '../queue/run.ts';
import type { Part } from '../queue/work.ts';
import { Refused } from '../queue/work.ts';
import { ownHistory } from './asked-plan.ts';
import type { Fitting } from './join.ts';
import { type MatrixCase, matrixCaseSchema } from './matrix-cases.ts';
import { matrixWork } from './matrix-work.ts';

/** How a worker runs processes. */
export interface Running {
  readonly jobs: number;
  readonly images: string | undefined;
  /** An empty folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export function matrixPart({ offer, scenarios, faults }: Fitting, running: Running): Part {
  const work = matrixWork(faults, {
    ...running,
    ...offer,
    images: running.images,
    sample: undefined,
    allApply: false,
    keep: false,
    // What the report says comes from the machine that writes it.
    replay: () => '',
  });
  const own = new Map(
    scenarios.map((loaded) => [loaded.name, { ...loaded, history: ownHistory(loaded, offer.softwareGpu) }]),
  );
  return {
    async do(what) {
      const asked = caseOf(what);
      const loaded = own.get(asked.scenario);
      if (loaded === undefined) throw new Refused('it is of a scenario that the run does not offer');
      const healthy = await work.healthy(loaded);
      if (asked.kind === 'healthy') return healthy;
      const fault = faults.find(({ id }) => id === asked.fault);
      if (fault === undefined) throw new Refused('it is of a fault that the run does not offer');
      if (running.signal.aborted) return undefined;
      if (!healthy.isMeasured)
        throw new Refused(`the healthy run of ${loaded.name} is ${healthy.scenario.outcome} on this machine`);
      return { ...(await work.cell(loaded, fault)), kept: null };
    },
    async end() {},
  };
}

function caseOf(what: unknown): MatrixCase {
  try {
    return checkedBy(matrixCaseSchema, what);
  } catch (error) {
    throw new Refused((error as Error).message);
  }
}

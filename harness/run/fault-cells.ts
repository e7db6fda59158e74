/** Chooses and runs the cells of a kill matrix. */
import pLimit, { type LimitFunction } from 'p-limit';
import { unjudged } from '../judge/matrix/cell.ts';
import type { Cell } from '../judge/matrix/matrix.ts';
import type { Failing } from './failing.ts';
import { interruptedIn, runCell } from './fault-cell.ts';
import type { LoadedFault } from './faults.ts';
import { applicableTo, type Healthy, isMeasured } from './healthy-run.ts';
import type { MutantsOptions } from './mutants-options.ts';

/** By fault, a cell for each scenario, in their orders. */
export async function runCells(
  healthy: readonly Healthy[],
  faults: readonly LoadedFault[],
  limit: LimitFunction,
  options: MutantsOptions,
  attempt: Failing['attempt'],
): Promise<Cell[][]> {
  const proven = healthy.filter(isMeasured);
  const turns = inTurns(proven, faults);
  const wanted = options.sample ?? Number.POSITIVE_INFINITY;
  let total = turns.reduce((sum, own) => sum + Math.min(own.length, wanted), 0);
  options.onCells?.(total);
  const atATime = pLimit(options.jobs + 1);
  return Promise.all(
    faults.map(async (loadedFault, index) => {
      const cells = new Map<string, Cell>();
      const turn = turns[index]!;
      let needed = wanted;
      const run = (own: Healthy): Promise<void> =>
        atATime(async () => {
          const cell = (await attempt(() => runCell(own, loadedFault, limit, options))) ?? interruptedIn(own);
          // An equivalent cell says nothing about the fault, so another scenario is tried.
          if (cell.outcome === 'equivalent') {
            needed += 1;
            if (needed <= turn.length) options.onCells?.(++total);
          }
          if (cell.outcome !== 'not-run') options.onCell?.(loadedFault.id, cell);
          cells.set(own.loaded.name, cell);
        });
      if (options.sample === undefined) await Promise.all(turn.map(run));
      else for (const own of turn) if (cells.size < needed) await run(own);
      return healthy.map((own) => cells.get(own.loaded.name) ?? withoutRun(own, loadedFault));
    }),
  );
}

/**
 * For each fault the scenarios that it applies to, least used first. This spreads a sample over all scenarios and makes
 * it the same each time.
 */
function inTurns(proven: readonly Healthy[], faults: readonly LoadedFault[]): Healthy[][] {
  const load = new Map(proven.map((own) => [own, 0]));
  return faults.map((loadedFault) => {
    const able = proven.filter((own) => applicableTo(own, [loadedFault]).length > 0);
    const turn = able.toSorted((a, b) => load.get(a)! - load.get(b)!);
    const [first] = turn;
    if (first !== undefined) load.set(first, load.get(first)! + 1);
    return turn;
  });
}

function withoutRun(own: Healthy, loadedFault: LoadedFault): Cell {
  const { outcome } = own.judgement;
  const answer = own.answers[loadedFault.file];
  const whyNotRun = (): string => {
    if (outcome === 'skipped') return own.judgement.headline;
    if (outcome !== 'proven') return `the healthy run is ${outcome}`;
    return isMeasured(own)
      ? 'not in this sample'
      : 'its controls differ, so the cell would measure their noise instead of the rules';
  };
  const judged = answer === false ? unjudged('not-applicable', null) : unjudged('not-run', whyNotRun());
  return { scenario: own.loaded.name, ...judged, seconds: 0, kept: null };
}

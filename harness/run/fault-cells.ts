/** Chooses and runs the cells of a kill matrix. */
import pLimit from 'p-limit';
import { unjudged } from '../judge/matrix/cell.ts';
import type { Cell } from '../judge/matrix/matrix.ts';
import type { Failing } from './failing.ts';
import { interruptedIn } from './fault-cell.ts';
import type { LoadedFault } from './faults.ts';
import { applicableTo, type HealthyFacts } from './healthy-facts.ts';
import type { MatrixWork } from './matrix-work.ts';
import type { MutantsOptions } from './mutants-options.ts';
import type { LoadedScenario } from './scenario.ts';

/** A scenario whose healthy run is done. */
export interface Ready {
  readonly loaded: LoadedScenario;
  readonly facts: HealthyFacts;
}

/** By fault, a cell for each scenario, in their orders. */
export async function runCells(
  healthy: readonly Ready[],
  faults: readonly LoadedFault[],
  work: MatrixWork,
  options: MutantsOptions,
  attempt: Failing['attempt'],
): Promise<Cell[][]> {
  const proven = healthy.filter(({ facts }) => facts.isMeasured);
  const turns = inTurns(proven, faults);
  const wanted = options.sample ?? Number.POSITIVE_INFINITY;
  let total = turns.reduce((sum, own) => sum + Math.min(own.length, wanted), 0);
  options.onCells?.(total);
  const atATime = pLimit(work.atATime);
  return Promise.all(
    faults.map(async (loadedFault, index) => {
      const cells = new Map<string, Cell>();
      const turn = turns[index]!;
      let needed = wanted;
      const run = ({ loaded }: Ready): Promise<void> =>
        atATime(async () => {
          const cell = (await attempt(() => work.cell(loaded, loadedFault))) ?? interruptedIn(loaded.name);
          // An equivalent cell says nothing about the fault, so another scenario is tried.
          if (cell.outcome === 'equivalent') {
            needed += 1;
            if (needed <= turn.length) options.onCells?.(++total);
          }
          if (cell.outcome !== 'not-run') options.onCell?.(loadedFault.id, cell);
          cells.set(loaded.name, cell);
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
function inTurns(proven: readonly Ready[], faults: readonly LoadedFault[]): Ready[][] {
  const load = new Map(proven.map((own) => [own, 0]));
  return faults.map((loadedFault) => {
    const able = proven.filter((own) => applicableTo(own.facts, [loadedFault]).length > 0);
    const turn = able.toSorted((a, b) => load.get(a)! - load.get(b)!);
    const [first] = turn;
    if (first !== undefined) load.set(first, load.get(first)! + 1);
    return turn;
  });
}

function withoutRun({ loaded, facts }: Ready, { id }: LoadedFault): Cell {
  const { outcome, headline } = facts.scenario;
  const whyNotRun = (): string => {
    if (outcome === 'skipped') return headline;
    if (outcome !== 'proven') return `the healthy run is ${outcome}`;
    return facts.isMeasured
      ? 'not in this sample'
      : 'its controls differ, so the cell would measure their noise instead of the rules';
  };
  const answer = facts.answers[id];
  const judged =
    answer === false || typeof answer === 'object'
      ? unjudged('not-applicable', answer === false ? null : answer.whyNot)
      : unjudged('not-run', whyNotRun());
  return { scenario: loaded.name, ...judged, seconds: 0, kept: null };
}

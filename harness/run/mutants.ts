/** The kill matrix: injects every fault into every healthy scenario that it applies to, and judges the result. */
import { mkdir } from 'node:fs/promises';
import pLimit from 'p-limit';
import { type Matrix, type MatrixScenario, rowOf, summarize } from '../judge/matrix/matrix.ts';
import { writeMatrix } from '../report/matrix.ts';
import { failing } from './failing.ts';
import { type Ready, runCells } from './fault-cells.ts';
import { factsOf, type LoadedFault } from './faults.ts';
import { applicableTo } from './healthy-facts.ts';
import { type MatrixWork, matrixWork } from './matrix-work.ts';
import type { MutantsOptions } from './mutants-options.ts';
import type { LoadedScenario } from './scenario.ts';

export interface MutantsResult {
  readonly matrix: Matrix;
  readonly report: { readonly html: string; readonly json: string };
}

/**
 * Does the healthy runs, then the cells, each side by side. After an abort, unfinished cells are reported as not run.
 * @param workFor does the work; in processes of this machine by default
 * @throws a failure of the harness itself: it ends the rest, and the finished cells are still reported
 */
export async function runMutants(
  scenarios: readonly LoadedScenario[],
  faults: readonly LoadedFault[],
  outside: MutantsOptions,
  workFor: (...of: Parameters<typeof matrixWork>) => MatrixWork = matrixWork,
): Promise<MutantsResult> {
  const startedAt = new Date();
  const { signal, attempt, finish } = failing(outside.signal);
  const options = { ...outside, signal };
  await mkdir(options.folder, { recursive: true });
  const work = workFor(faults, options);
  const atATime = pLimit(work.atATime);
  const started = await atATime.map(scenarios, (loaded) =>
    attempt(async (): Promise<Ready | undefined> => {
      if (signal.aborted) return undefined;
      const facts = await work.healthy(loaded);
      // A run that was cut off is not a false alarm.
      if (signal.aborted || facts === undefined) return undefined;
      options.onScenario?.(facts.scenario, applicableTo(facts, faults).length);
      return { loaded, facts };
    }),
  );
  const healthy = started.filter((own) => own !== undefined);
  const cells = await runCells(healthy, faults, work, options, attempt);
  return finish(async () => {
    const kept = new Set(
      cells.flatMap((row) => row.flatMap((cell) => (cell.kept === null ? [] : cell.scenario))),
    );
    const told = await Promise.all(
      healthy.map(async ({ loaded, facts: { scenario } }): Promise<MatrixScenario> => {
        if (options.keep || scenario.falseAlarm || kept.has(scenario.scenario))
          return { ...scenario, kept: await work.keep(loaded) };
        await work.remove(loaded);
        return scenario;
      }),
    );
    const matrix = summarize({
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      backend: options.backend,
      device: healthy.find(({ facts }) => facts.device !== null)?.facts.device ?? null,
      sample: options.sample ?? null,
      allApply: options.allApply,
      interrupted: signal.aborted,
      scenarios: told,
      leftOut: options.leftOut ?? [],
      rows: faults.map((fault, index) => rowOf(factsOf(fault), cells[index]!)),
    });
    return { matrix, report: await writeMatrix(options.folder, matrix) };
  });
}

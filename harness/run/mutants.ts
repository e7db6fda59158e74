/** The kill matrix: injects every fault into every healthy scenario that it applies to, and judges the result. */
import { mkdir, rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import { type Matrix, type MatrixScenario, rowOf, summarize } from '../judge/matrix/matrix.ts';
import { writeMatrix } from '../report/matrix.ts';
import { failing } from './failing.ts';
import { runCells } from './fault-cells.ts';
import { factsOf, type LoadedFault } from './faults.ts';
import { applicableTo, runHealthy, scenarioOf } from './healthy-run.ts';
import { keep } from './keep.ts';
import type { MutantsOptions } from './mutants-options.ts';
import type { LoadedScenario } from './scenario.ts';

export interface MutantsResult {
  readonly matrix: Matrix;
  readonly report: { readonly html: string; readonly json: string };
}

/**
 * Runs the scenarios, then the cells, each in parallel. After an abort, unfinished cells are reported as not run.
 * @throws a failure of the harness itself: it ends the rest, and the finished cells are still reported
 */
export async function runMutants(
  scenarios: readonly LoadedScenario[],
  faults: readonly LoadedFault[],
  outside: MutantsOptions,
): Promise<MutantsResult> {
  const startedAt = new Date();
  const { signal, attempt, finish } = failing(outside.signal);
  const options = { ...outside, signal };
  await mkdir(options.folder, { recursive: true });
  const limit = pLimit(options.jobs);
  // One more than there are processes: while one is judged, another has a process to run.
  const atATime = pLimit(options.jobs + 1);
  const started = await atATime.map(scenarios, (loaded) =>
    attempt(async () => {
      if (signal.aborted) return undefined;
      const own = await runHealthy(loaded, faults, limit, options);
      // A run that was cut off is not a false alarm.
      if (signal.aborted) return undefined;
      options.onScenario?.(scenarioOf(own), applicableTo(own, faults).length);
      return own;
    }),
  );
  const healthy = started.filter((own) => own !== undefined);
  const cells = await runCells(healthy, faults, limit, options, attempt);
  return finish(async () => {
    const kept = new Set(
      cells.flatMap((row) => row.flatMap((cell) => (cell.kept === null ? [] : cell.scenario))),
    );
    const told = await Promise.all(
      healthy.map(async (own): Promise<MatrixScenario> => {
        const scenario = scenarioOf(own);
        if (options.keep || scenario.falseAlarm || kept.has(scenario.scenario)) {
          return {
            ...scenario,
            kept: await keep(own.folder, own.judgement, own.traces, own.seconds, options.folder),
          };
        }
        await rm(own.folder, { recursive: true, force: true });
        return scenario;
      }),
    );
    const matrix = summarize({
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      backend: options.backend,
      device: healthy.find(({ judgement }) => judgement.backend !== null)?.judgement.backend ?? null,
      sample: options.sample ?? null,
      allApply: options.allApply,
      interrupted: signal.aborted,
      scenarios: told,
      rows: faults.map((fault, index) => rowOf(factsOf(fault), cells[index]!)),
    });
    return { matrix, report: await writeMatrix(options.folder, matrix) };
  });
}

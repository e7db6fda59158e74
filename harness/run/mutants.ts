/** The kill matrix: puts every fault into every healthy scenario that it applies to, and judges what comes of it. */
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
 * Runs the scenarios, then the cells, side by side; what an abort leaves is told as not run.
 * @throws what was no scenario's and no fault's doing: it ends the rest, and what was finished is reported nevertheless
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
  // More under way than there are processes at a time: while one is judged, another has a process to run.
  const atATime = pLimit(options.jobs + 1);
  const started = await atATime.map(scenarios, (loaded) =>
    attempt(async () => {
      if (signal.aborted) return undefined;
      const own = await runHealthy(loaded, faults, limit, options);
      // What was cut off is no false alarm.
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
      rows: faults.map(({ fault }, index) => rowOf(factsOf(fault), cells[index]!)),
    });
    return { matrix, report: await writeMatrix(options.folder, matrix) };
  });
}

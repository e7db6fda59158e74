/** The work of a kill matrix: healthy runs, and cells against them. It is done here, or handed out. */
import { rm } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Cell } from '../judge/matrix/matrix.ts';
import { runCell } from './fault-cell.ts';
import type { LoadedFault } from './faults.ts';
import type { HealthyFacts } from './healthy-facts.ts';
import { factsOfHealthy, type Healthy, runHealthy } from './healthy-run.ts';
import { keep } from './keep.ts';
import type { MutantsOptions } from './mutants-options.ts';
import type { LoadedScenario } from './scenario.ts';

export interface MatrixWork {
  /** The most healthy runs, and the most cells, to ask for at a time. */
  readonly atATime: number;
  /** Undefined, or something that does not matter, after an abort. */
  healthy(loaded: LoadedScenario): Promise<HealthyFacts | undefined>;
  /** Of a scenario whose healthy run is done. After an abort, a cell that was not run. */
  cell(loaded: LoadedScenario, fault: LoadedFault): Promise<Cell>;
  /** Keeps the traces of a healthy run in the report. Returns their folder, relative to the report. */
  keep(loaded: LoadedScenario): Promise<string | null>;
  /** Removes the traces of a healthy run, unless they are kept. */
  remove(loaded: LoadedScenario): Promise<void>;
}

export interface LocalWork extends MatrixWork {
  healthy(loaded: LoadedScenario): Promise<HealthyFacts>;
}

/** Does the work in processes of this machine. */
export function matrixWork(faults: readonly LoadedFault[], options: MutantsOptions): LocalWork {
  const limit = pLimit(options.jobs);
  const done = new Map<string, Promise<Healthy>>();
  const healthy = (loaded: LoadedScenario): Promise<Healthy> => {
    const running = done.get(loaded.name) ?? runHealthy(loaded, faults, limit, options);
    done.set(loaded.name, running);
    return running;
  };
  return {
    // One more than there are processes: while one is judged, another has a process to run.
    atATime: options.jobs + 1,
    healthy: async (loaded) => factsOfHealthy(await healthy(loaded), faults),
    cell: async (loaded, fault) => runCell(await healthy(loaded), fault, limit, options),
    async keep(loaded) {
      const { folder, judgement, traces, seconds } = await healthy(loaded);
      return keep(folder, judgement, traces, seconds, options.folder);
    },
    async remove(loaded) {
      const { folder } = await healthy(loaded);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

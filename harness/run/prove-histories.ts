/** Runs and judges one scenario by many histories, which share what they have in common. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import type { Verdict } from '../judge/verdict.ts';
import type { History } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { type GateOptions, proveScenario } from './gate.ts';
import { type LoadedScenario, onBackends, resumeBackends } from './scenario.ts';
import { shared } from './shared.ts';

export interface HistoryProver {
  /** Runs and judges a history, and removes what the run has left. */
  prove(history: History): Promise<Proved>;
  /** Removes what histories share. */
  remove(): Promise<void>;
}

export interface Proved {
  readonly verdict: Verdict;
  /** With its state after each step, unless the scenario declares deviations. */
  readonly control: Trace | undefined;
  /** The steps after which a command saves, ascending; undefined for a trainer, which saves where it is asked to. */
  readonly savable: readonly number[] | undefined;
  /** Those of them where a command can be killed in the save; undefined for a trainer. */
  readonly killable: readonly number[] | undefined;
}

type Options = Pick<GateOptions, 'backend' | 'requireGpu' | 'images' | 'signal' | 'jobs' | 'replay'> & {
  /** Must not exist yet. */
  readonly folder: string;
};

/** Nothing that starts from nothing is run twice: controls, savers, and the processes that others resume from. */
export function historyProver(loaded: LoadedScenario, options: Options): HistoryProver {
  const limit = pLimit(options.jobs);
  const common = shared(path.join(options.folder, 'shared'));
  let count = 0;
  return {
    async prove(history) {
      count += 1;
      const folder = path.join(options.folder, String(count));
      const own = { ...loaded, history: onBackends(history, resumeBackends(loaded.scenario)) };
      try {
        const { verdict, traces, ...shown } = await proveScenario(own, {
          ...options,
          limit,
          fast: false,
          cold: loaded.scenario.cold ?? false,
          folder,
          root: options.folder,
          replay: options.replay(own),
          shared: common,
          onProgress() {},
        });
        const control = traces.find(({ run }) => run?.role === 'control');
        return { verdict, control, savable: shown.savable, killable: shown.killable };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    remove: () => rm(options.folder, { recursive: true, force: true }),
  };
}

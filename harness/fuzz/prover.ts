/** Runs and judges the histories of a search: here, or on other machines. */
import type { Verdict } from '../judge/verdict.ts';
import { historyProver } from '../run/prove-histories.ts';
import type { LoadedScenario } from '../run/scenario.ts';
import type { History } from '../trace/history.ts';
import { bordersIn } from './borders.ts';

/** What the run by the first history shows of a scenario. */
export interface FirstProved {
  readonly verdict: Verdict;
  /** Steps beside which resumes go wrong more often, ascending. */
  readonly edges: readonly number[];
  /** The steps after which a command saves, ascending; null for a trainer, which saves where it is asked to. */
  readonly savable: readonly number[] | null;
  /** Those of them where a command can be killed in the save; null for a trainer. */
  readonly killable: readonly number[] | null;
}

export interface Prover {
  /** How many histories to ask for side by side. It may change. */
  readonly atATime: () => number;
  first(history: History): Promise<FirstProved>;
  /** After an abort, what it returns or throws does not matter. */
  prove(history: History): Promise<Verdict>;
  /** Removes what histories share. */
  remove(): Promise<void>;
}

export type ProverOptions = Parameters<typeof historyProver>[1];

/** Runs them in processes of this machine. */
export function prover(loaded: LoadedScenario, options: ProverOptions): Prover {
  const { prove, remove } = historyProver(loaded, options);
  return {
    // While one is judged, another has a process to run.
    atATime: () => options.jobs + 1,
    async first(history) {
      const { verdict, control, savable = null, killable = null } = await prove(history);
      return { verdict, edges: control === undefined ? [] : bordersIn(control), savable, killable };
    },
    prove: async (history) => (await prove(history)).verdict,
    remove,
  };
}

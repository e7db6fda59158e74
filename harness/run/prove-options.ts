/** The options of a proof that a test asks for. */
import type { BackendName } from '../backend/names.ts';
import type { ScenarioHistory } from '../training/trainer.ts';

/** How {@link proveResume} and {@link assertResumes} run a scenario. */
export interface ProveResumeOptions {
  /** The backend to train on. By default `auto`: a hardware GPU if there is one, else wasm. A command picks its own. */
  readonly backend?: BackendName | 'auto';
  /** The steps of the whole run. By default, those of the scenario's plan. */
  readonly steps?: number;
  /** The steps after which the run is saved, stopped and resumed. By default, those of the scenario's plan. */
  readonly resumeAt?: number | readonly number[];
  /** What each process does, instead of the scenario's plan, `steps` and `resumeAt`. */
  readonly history?: ScenarioHistory;
  /** Whether to end each run as soon as all proofs are settled. This misses bugs that show only later. Default false. */
  readonly fast?: boolean;
  /** Concurrent processes. By default, one per core. */
  readonly jobs?: number;
  /** The folder in which the report gets a folder of its own. By default, `reports` in the working folder. */
  readonly reports?: string;
  /** Ends all processes when it aborts. The call then rejects with its reason. */
  readonly signal?: AbortSignal;
}

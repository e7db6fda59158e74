/** The options of a search that a test asks for, and what it finds. */
import type { BackendName } from '../backend/names.ts';
import type { ProveResumeOptions } from '../run/prove-options.ts';
import type { ScenarioHistory } from '../training/trainer.ts';

/** Histories to draw, if neither their number nor a time is given. */
export const RUNS = 100;
/** The most resumes in a history. */
export const RESUMES = 3;
/** The folder of the histories that have failed. */
export const REGRESSIONS = 'resumeproof-regressions';

/** How {@link fuzzResume} searches. */
export interface FuzzResumeOptions
  extends Pick<ProveResumeOptions, 'backend' | 'jobs' | 'reports' | 'signal'> {
  /** Histories to draw. By default 100, without a limit if `seconds` is given. */
  readonly runs?: number;
  /** Seconds after which no history is drawn any more. What fails is still shrunk. By default, no limit. */
  readonly seconds?: number;
  /** The seed of the histories, a 32-bit integer. By default, a new one each time. */
  readonly seed?: number;
  /** The steps of a run, at least 2. By default, those of the scenario's plan. */
  readonly maxSteps?: number;
  /** The most resumes in a history. Default 3. */
  readonly maxResumes?: number;
  /** Backends to resume on, besides that of the run. By default, none. */
  readonly resumeOn?: readonly BackendName[];
  /** The folder of the histories that have failed. By default, `resumeproof-regressions` in the working folder. */
  readonly regressions?: string;
}

/** What was tried without a failure. */
export interface FuzzedResume {
  readonly seed: number;
  /** How many histories were run, by outcome. */
  readonly proven: number;
  readonly inconclusive: number;
  /** The histories. */
  readonly histories: readonly ScenarioHistory[];
}
